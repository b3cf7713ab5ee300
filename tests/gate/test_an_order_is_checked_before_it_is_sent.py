"""What a platform is told about one order, and that it is told the same ever again."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from accounts.models import Client, SubAccount
from accounts.models.clients import Status
from accounts.revisions import take_house_revision
from margin.gate.app import CHECK
from margin.models import Calendar, Instrument, OrderDecision, Reservation, TemporaryExcess
from riskdesk.clock import pinned
from tests import factories
from tests.factories import MONDAY_NOON
from tests.gate.harness import Small, an_order, make_small, running, until

aside = sync_to_async


async def test_allowed_orders_hold_headroom_until_nothing_is_left(small: Small) -> None:
    """10,000 USD carry 500,000 at 2 %: 8.333 BTC at 60,000."""
    async with running(small) as house:
        status, answer = await house.check("a-1", "5")
        assert (status, answer["decision"], answer["quantity"]) == (200, "allow", "5")
        assert answer["before"]["initial"] == "0.00"
        assert answer["after"]["initial"] == "6000.00"
        assert answer["data_age_ms"] >= 0
        assert answer["valid_for_ms"] == 86_400_000
        status, answer = await house.check("a-2", "5")
        assert (answer["decision"], answer["quantity"]) == ("reduce_to", "3.333")
        (reason,) = answer["reasons"]
        assert (reason["code"], reason["limit"]) == ("newly_short", "cross")
        assert (reason["measured"], reason["allowed"]) == ("10000.00", "12000.00")
        assert await house.allowed("a-3", "3.334") == "reduce_to 3.333"
        assert await house.allowed("a-4", "3.333") == "allow 3.333"
        assert await house.allowed("a-5", "0.001") == "reject 0"
        kept = await aside(lambda: [(r.decision.order_id, r.state) for r in Reservation.objects.all()])()
        assert sorted(kept) == [("a-1", "resting"), ("a-4", "resting")]


async def test_the_same_order_gets_the_same_answer_and_another_of_its_name_none(small: Small) -> None:
    async with running(small) as house:
        first = await house.check("a-1", "5")
        assert await house.check("a-1", "5.000") == first
        status, answer = await house.check("a-1", "5.001")
        assert (status, answer["errors"][0]["rule"]) == (422, "used")
    async with running(small) as house:  # another process: it remembers nothing but what is written
        assert await house.check("a-1", "5") == first
        assert (await house.check("a-1", "4"))[0] == 422
        assert await house.allowed("a-2", "5") == "reduce_to 3.333"
    assert await aside(OrderDecision.objects.count)() == 2
    assert await aside(Reservation.objects.count)() == 1


async def test_what_only_closes_passes_also_from_under_water_and_only_once(small: Small) -> None:
    await aside(factories.position)(small.account, small.btc, "10", "61000")
    async with running(small) as house:
        assert await house.allowed("c-0", "0.001") == "reject 0"
        _status, answer = await house.check("c-1", "6", side="sell")
        assert (answer["decision"], answer["reasons"][0]["code"]) == ("allow", "reduces_risk")
        assert answer["before"]["level"] == "liquidation"
        assert await house.allowed("c-2", "6", side="sell") == "reduce_to 4"
        assert await house.allowed("c-3", "4", side="sell") == "allow 4"
        assert await house.allowed("c-4", "0.001", side="sell") == "reject 0"


async def test_an_accepted_order_on_the_other_side_grants_nothing(small: Small) -> None:
    """8.333 BTC may be bought; that they may be doesn't make room to sell more."""
    async with running(small) as house:
        assert await house.allowed("o-1", "8", side="buy") == "allow 8"
        assert await house.allowed("o-2", "1", side="sell") == "reduce_to 0.333"


async def test_a_cap_binds_over_the_client_with_all_that_rests(small: Small) -> None:
    await aside(factories.limit)(small.desk, "30", scope="client", client=small.client)
    other = await aside(factories.sub_account)("ACME-2", of=small.client)
    await aside(factories.balance)(other, "10000")
    async with running(small) as house:
        assert await house.allowed("l-1", "8") == "allow 8"
        _status, answer = await house.check("l-2", "8", account="ACME-2")
        assert (answer["decision"], answer["quantity"]) == ("reduce_to", "2")
        (reason,) = answer["reasons"]
        assert (reason["code"], reason["limit"]) == ("over_cap", "client ACME")
        assert (reason["measured"], reason["allowed"]) == ("48", "30")


async def test_without_a_cap_nothing_new_is_allowed(small: Small) -> None:
    poor = await aside(factories.client)("POOR", of=await aside(factories.desk)("BARE"))
    await aside(factories.balance)(await aside(factories.sub_account)("POOR-1", of=poor), "10000")
    await aside(factories.grant)(small.rita, await aside(lambda: poor.desk)(), "risk_manager")
    async with running(small) as house:
        _status, answer = await house.check("n-1", "1", account="POOR-1")
        assert (answer["decision"], answer["reasons"][0]["code"]) == ("reject", "no_cap")


async def test_a_net_cap_counts_the_side_that_may_fill(small: Small) -> None:
    """100,000 USD net: buying one BTC does not make room to sell two more than were allowed."""
    await aside(factories.limit)(small.desk, "100000", kind="net")
    async with running(small) as house:
        assert await house.allowed("s-1", "1.5") == "allow 1.5"
        assert await house.allowed("s-2", "2", side="sell") == "reduce_to 1.666"


async def test_an_isolated_order_funds_its_own_pool(small: Small) -> None:
    async with running(small) as house:
        more = {"mode": "isolated", "isolated_margin": "5000"}
        assert await house.allowed("i-1", "4", **more) == "allow 4"
        assert (
            await house.allowed("i-2", "0.001", side="sell", **{**more, "isolated_margin": "100"})
            == "reject 0"
        )
        assert await house.allowed("i-3", "4", **{**more, "isolated_margin": "5001"}) == "reject 0"
        assert await house.allowed("i-4", "4.166") == "allow 4.166"


def a_price_in_doubt(small: Small) -> None:
    factories.quote(small.btc, "60000", at=MONDAY_NOON - timedelta(seconds=20))


def a_suspended_account(small: Small) -> None:
    SubAccount.objects.update(status=Status.SUSPENDED)
    touched()


def a_suspended_client(small: Small) -> None:
    Client.objects.update(status=Status.SUSPENDED)
    touched()


def a_dead_instrument(small: Small) -> None:
    Instrument.objects.update(active=False)
    touched()


def a_market_at_rest(small: Small) -> None:
    Calendar.objects.update(sessions=[{"from": "tue 09:00", "to": "tue 17:00"}])
    touched()


def touched() -> None:
    with transaction.atomic():
        take_house_revision()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (a_price_in_doubt, "price_in_doubt"),
        (a_suspended_account, "reduce_only"),
        (a_suspended_client, "reduce_only"),
        (a_dead_instrument, "inactive"),
        (a_market_at_rest, "market_closed"),
    ],
)
async def test_what_restrains_refuses_new_risk_and_lets_closing_through(small: Small, change, code) -> None:
    await aside(factories.position)(small.account, small.btc, "1", "60000")
    async with running(small) as house:
        assert await house.allowed("r-1", "0.001") == "allow 0.001"
        await aside(change)(small)
        await house.looks()
        _status, answer = await house.check("r-2", "0.001")
        assert (answer["decision"], code in [one["code"] for one in answer["reasons"]]) == ("reject", True)
        assert await house.allowed("r-3", "1.5", side="sell") == "reduce_to 1"


async def test_old_data_are_said_and_let_nothing_new_through(small: Small, monkeypatch) -> None:
    async with running(small) as house:
        gate = house.application.gate
        monkeypatch.setattr(
            "margin.gate.service.clock.monotonic_seconds", lambda: gate.standing.looked_at + 3
        )
        _status, answer = await house.check("d-1", "1")
        assert (answer["decision"], answer["reasons"][0]["code"]) == ("reject", "stale_data")
        assert answer["data_age_ms"] >= 3000


async def test_a_price_beyond_the_band_is_no_new_risk(small: Small) -> None:
    async with running(small) as house:
        _status, answer = await house.check("b-1", "1", price="66000.01")
        assert (answer["decision"], answer["reasons"][0]["code"]) == ("reject", "price_band")
        assert answer["reasons"][0]["allowed"] == "0.1"
        assert await house.allowed("b-2", "1", price="66000") == "allow 1"


async def test_what_does_not_exist_is_refused_by_name(small: Small) -> None:
    await aside(factories.sub_account)(
        "ZEDD-1", of=await aside(factories.client)("ZEDD", of=await aside(factories.desk)("RETAIL"))
    )
    async with running(small) as house:
        for account in ("NOBODY-1", "ZEDD-1"):
            status, answer = await house.check("u-1", "1", account=account)
            assert (status, answer["errors"][0]["field"], answer["decision"]) == (404, "account", "reject")
        status, answer = await house.check("u-2", "1", instrument="NO-SUCH")
        assert (status, answer["decision"], answer["reasons"][0]["code"]) == (
            200,
            "reject",
            "unknown_instrument",
        )


BAD = {
    "quantity-zero": ({"quantity": "0"}, "quantity", "above"),
    "negative": ({"quantity": "-1"}, "quantity", "above"),
    "off-lot": ({"quantity": "0.0001"}, "quantity", "lot"),
    "float": ({"quantity": 0.1}, "quantity", "type"),
    "true": ({"quantity": True}, "quantity", "type"),
    "exponent": ({"quantity": "1e5"}, "quantity", "decimal"),
    "nan": ({"quantity": "NaN"}, "quantity", "decimal"),
    "infinite": ({"price": "Infinity"}, "price", "decimal"),
    "other-digits": ({"quantity": "١"}, "quantity", "decimal"),
    "nineteen-decimals": ({"quantity": "0.0000000000000000001"}, "quantity", "decimal"),
    "off-tick": ({"price": "60000.001"}, "price", "tick"),
    "price-zero": ({"price": "0"}, "price", "above"),
    "unknown-field": ({"desk_id": "1"}, "desk_id", "unknown_field"),
    "side": ({"side": "long"}, "side", "choice"),
    "mode": ({"mode": "hybrid"}, "mode", "choice"),
    "order-id": ({"order_id": "a/../b"}, "order_id", "shape"),
    "nul": ({"order_id": "a\u0000"}, "order_id", "shape"),
    "margin-in-cross": ({"mode": "cross", "isolated_margin": "1"}, "isolated_margin", "only_isolated"),
    "missing": ({"side": None}, "side", "type"),
}


async def test_what_cannot_be_meant_names_field_and_rule(small: Small) -> None:
    async with running(small) as house:
        for name, (change, field, rule) in BAD.items():
            body = {**an_order("bad", "1"), **change}
            status, answer = await house.send(CHECK, json.dumps(body).encode())
            told = [(one["field"], one["rule"]) for one in answer["errors"]]
            assert (status, told) == (400, [(field, rule)]), name
    assert await aside(OrderDecision.objects.count)() == 0


RAW = {
    **dict.fromkeys([b"", b"{", b"null", b"[]", b'"x"', b"NaN", b"\xff\xfe", b"\xef\xbb\xbf{}"], 400),
    **dict.fromkeys([b'{"quantity":1e999}', b'{"quantity":"1","quantity":"2"}', b"[" * 10_000], 400),
    **dict.fromkeys([b'{"order_id":"\\ud800"}'], 400),
    **dict.fromkeys([b"[" * 50_000, b" " * 20_000], 413),
}


async def test_no_body_is_a_fault_of_ours(small: Small) -> None:
    async with running(small) as house:
        for body, wanted in RAW.items():
            status, answer = await house.send(CHECK, body)
            assert (status, answer["status"]) == (wanted, wanted), body[:40]
        good = json.dumps(an_order("x", "1")).encode()
        assert (await house.send(CHECK, good, content_encoding="gzip"))[0] == 415
        assert (await house.send(CHECK, good, content_type="application/xml"))[0] == 415
        assert (await house.send(CHECK, good, content_length="99999999999999999999999"))[0] == 413
        assert (await house.send(CHECK, good, query="page=1"))[0] == 400
        assert (await house.send(CHECK, good, method="PUT"))[0] == 405
        assert (await house.send("/admin/", good))[0] == 404
        twice = good[:-1] + b',"quantity":"2"}'
        status, answer = await house.send(CHECK, twice)
        assert (status, answer["errors"][0]["rule"]) == (400, "duplicate_key")


async def test_a_book_that_moves_is_followed(small: Small) -> None:
    async with running(small) as house:
        assert await house.allowed("m-1", "8.334") == "reduce_to 8.333"
        await aside(factories.balance)(small.account, "-4000")
        await house.looks()
        assert await house.allowed("m-2", "8.334") == "reduce_to 5"
        await aside(factories.quote)(small.btc, "30000", at=MONDAY_NOON + timedelta(milliseconds=1))
        await house.looks()
        assert await house.allowed("m-3", "8.334") == "allow 8.334"


async def test_a_reservation_lapses_when_nobody_tells_its_end(small: Small) -> None:
    async with running(small) as house:
        assert await house.allowed("e-1", "8") == "allow 8"
        with pinned(MONDAY_NOON + timedelta(days=1)):
            await aside(factories.quote)(small.btc, "60000", at=MONDAY_NOON + timedelta(days=1))
            await until(lambda: not house.application.gate.reservations.by_key)
            assert await house.allowed("e-2", "8") == "allow 8"
    states = await aside(lambda: dict(Reservation.objects.values_list("decision__order_id", "state")))()
    assert states == {"e-1": "lapsed", "e-2": "resting"}


async def test_every_decision_is_kept_as_it_was_answered(small: Small) -> None:
    async with running(small) as house:
        _, answer = await house.check("k-1", "9", price="60000.5")
    row = await aside(OrderDecision.objects.get)(order_id="k-1")
    assert json.loads(row.answer) == answer
    assert (row.quantity, row.price, row.reason) == (Decimal(9), Decimal("60000.5"), "newly_short")


async def test_a_temporary_excess_ends_at_the_gate_by_itself(transactional_db: None) -> None:
    end = MONDAY_NOON + timedelta(hours=1)
    with pinned(MONDAY_NOON):
        small = await aside(in_excess)(until=end)
    with pinned(end - timedelta(minutes=1)):
        async with running(small) as house:
            assert await house.allowed("t-1", "0.5") == "allow 0.5"
            with pinned(end):
                await house.looks()
                _status, answer = await house.check("t-2", "0.001")
                assert (answer["decision"], answer["reasons"][0]["code"]) == ("reject", "over_cap")


def in_excess(until: datetime) -> Small:
    """A cap of 1 that ACME may exceed for a while, up to 5."""
    small = make_small(cap="1", stale_soft_seconds=86_400, stale_hard_seconds=86_400)
    TemporaryExcess.objects.create(
        desk=small.desk, client=small.client, value=Decimal(5), valid_to=until, **factories.version()
    )
    return small
