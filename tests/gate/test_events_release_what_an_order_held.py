"""What becomes of an allowed order: filled, cancelled, expired; and what is told twice, late or in vain."""

import asyncio
import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from accounts.revisions import take_revision
from margin.gate.asked import Told, read_event
from margin.models import OrderEvent, PositionVersion, Reservation, SnapshotTime
from tests import factories
from tests.factories import MONDAY_NOON
from tests.gate.harness import Small, running, until

aside = sync_to_async
NOON, LATER, LAST = (MONDAY_NOON + timedelta(seconds=n) for n in (0, 1, 2))


@pytest.mark.parametrize("event", ["cancelled", "expired"])
async def test_an_order_that_ended_gives_its_headroom_back(small: Small, event: str) -> None:
    async with running(small) as house:
        assert await house.allowed("a-1", "8") == "allow 8"
        status, answer = await house.tell("a-1", event, NOON)
        assert (status, answer["state"], answer["reserved_quantity"]) == (200, event, "0")
        assert await house.allowed("a-2", "8.333") == "allow 8.333"


async def test_what_was_filled_lies_over_the_book_until_a_snapshot_as_new_tells_it(small: Small) -> None:
    async with running(small) as house:
        assert await house.allowed("f-1", "8", price="60000") == "allow 8"
        status, answer = await house.tell("f-1", "partial", NOON, filled_quantity="3", price="60000")
        assert (status, answer["state"], answer["reserved_quantity"]) == (200, "resting", "5")
        assert await house.allowed("f-2", "1") == "reduce_to 0.333"
        await house.tell("f-1", "cancelled", LATER)
        assert await house.allowed("f-3", "4", side="sell") == "allow 4"  # 3 of it close what was filled
        await house.tell("f-3", "cancelled", NOON)
        assert await house.allowed("f-4", "9") == "reduce_to 5.333"
    async with running(small) as house:  # read again from the database
        assert await house.allowed("f-5", "9") == "reduce_to 5.333"
        await aside(a_snapshot)(small, NOON - timedelta(seconds=1), "2")
        await house.looks()
        assert await house.allowed("f-6", "9") == "reduce_to 3.333"  # older than the fill: both count
        await aside(a_snapshot)(small, NOON, "3")
        await house.looks()
        await house.looks()
        assert await house.allowed("f-7", "9") == "reduce_to 5.333"
        assert house.application.gate.reservations.by_key == {}
    assert not await aside(Reservation.objects.filter(unsettled=True).exists)()


def a_snapshot(small: Small, as_of, quantity: str) -> None:
    with transaction.atomic():
        number = take_revision(1)
        PositionVersion.objects.filter(revision_to__isnull=True).update(revision_to=number)
        SnapshotTime.objects.update_or_create(
            sub_account=small.account, source="sim", defaults={"as_of": as_of}
        )
        PositionVersion.objects.create(
            sub_account=small.account, ref="BTC-PERP|cross", instrument=small.btc, mode="cross",
            quantity=quantity, entry_price="60000", source="sim",
            revision_from=number, valid_at=as_of, recorded_at=as_of,
        )  # fmt: skip


async def test_a_fill_that_is_no_reservation_any_more_still_counts(small: Small) -> None:
    """It lapsed, and then it is told of after all: what was filled is a fact."""
    async with running(small) as house:
        assert await house.allowed("l-1", "8") == "allow 8"
        await aside(Reservation.objects.update)(expires_at=NOON - timedelta(days=1))
        gate = house.application.gate
        gate.reservations.by_key[small.desk.pk, "l-1"].expires_at = NOON - timedelta(days=1)
        await until(lambda: not gate.reservations.by_key)
        assert (await house.tell("l-1", "filled", NOON, price="60000"))[0] == 200
        assert await house.allowed("l-2", "8") == "reduce_to 0.333"


async def test_of_contradictory_ends_told_at_once_one_is_taken(small: Small) -> None:
    """The order has lapsed, so each of them looks it up anew; the first end ends it for all."""
    async with running(small) as house:
        assert await house.allowed("c-1", "8") == "allow 8"
        await aside(Reservation.objects.update)(expires_at=NOON - timedelta(days=1))
        gate = house.application.gate
        gate.reservations.by_key[small.desk.pk, "c-1"].expires_at = NOON - timedelta(days=1)
        await until(lambda: not gate.reservations.by_key)
        ends = ("cancelled", "filled", "expired") * 3
        told = await asyncio.gather(*(house.tell("c-1", end, NOON) for end in ends))
        assert sorted(status for status, _ in told) == [200, *[409] * (len(ends) - 1)]
        refused = {answer["errors"][0]["rule"] for status, answer in told if status == 409}
        assert refused == {"ended", "repeated"}
        assert house.application.events.turns == {}
    assert await aside(OrderEvent.objects.count)() == 1


TOLD = [
    ("partial", NOON, {"filled_quantity": "3"}, 200, ""),
    ("partial", NOON, {"filled_quantity": "3"}, 409, "repeated"),
    ("partial", LATER, {"filled_quantity": "2"}, 409, "falls"),
    ("partial", LATER, {"filled_quantity": "9"}, 400, "beyond_order"),
    ("partial", LATER, {"filled_quantity": "8"}, 400, "partial"),
    ("partial", LATER, {}, 400, "required"),
    ("filled", LATER, {"filled_quantity": "4"}, 400, "whole"),
    ("partial", NOON - timedelta(seconds=1), {"filled_quantity": "4"}, 409, "out_of_order"),
    ("cancelled", NOON + timedelta(minutes=1), {}, 400, "future"),
    ("gone", LATER, {}, 400, "choice"),
    ("partial", LATER, {"filled_quantity": 4}, 400, "type"),
    ("partial", LATER, {"filled": "4"}, 400, "unknown_field"),
    ("filled", LATER, {}, 200, ""),
    ("filled", LATER, {}, 409, "repeated"),
    ("cancelled", LAST, {}, 409, "ended"),
]


async def test_events_that_cannot_be_are_refused_by_name_and_change_nothing(small: Small) -> None:
    async with running(small) as house:
        assert await house.allowed("e-1", "8") == "allow 8"
        assert await house.allowed("e-2", "8") == "reduce_to 0.333"
        for kind, as_of, more, wanted, rule in TOLD:
            status, answer = await house.tell("e-1", kind, as_of, **more)
            told = answer.get("errors") or [{"rule": ""}]
            assert (status, told[0]["rule"]) == (wanted, rule), (kind, more)
        for name, wanted, rule in (("nobody", 404, "unknown"), ("e-2", 409, "not_allowed")):
            status, answer = await house.tell(name, "cancelled", NOON)
            assert (status, answer["errors"][0]["rule"]) == (wanted, rule)
    assert await aside(OrderEvent.objects.count)() == 2


@pytest.mark.parametrize(
    "as_of",
    [
        "0001-01-01T00:00:00+14:00",  # PostgreSQL keeps it, and nobody reads it again
        "9999-12-31T23:59:59-14:00",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+00:01",  # both are of another year as they are kept
        "2099-12-31T23:59:59-14:00",
        "2026-03-02T12:00:00",
    ],
)
def test_an_instant_that_could_not_be_read_back_is_refused(as_of: str) -> None:
    told = read_event(json.dumps({"event": "cancelled", "as_of": as_of}).encode())
    assert isinstance(told, list)
    assert [one.rule for one in told] == ["time"]


def test_an_offset_that_the_database_does_not_know_is_kept_as_utc() -> None:
    told = read_event(b'{"event": "cancelled", "as_of": "2026-03-03T11:59:00+23:59"}')
    assert isinstance(told, Told)
    assert told.as_of.isoformat() == "2026-03-02T12:00:00+00:00"


@pytest.mark.parametrize("as_of", ["0001-01-01 00:00+14", "9999-12-31 23:59:59-14"])
async def test_an_instant_that_was_kept_before_keeps_no_gate_from_opening(small: Small, as_of: str) -> None:
    async with running(small) as house:
        assert await house.allowed("k-1", "8", price="60000") == "allow 8"
    await aside(keep_unreadable)(as_of)
    async with running(small) as house:
        assert await house.allowed("k-2", "1") == "reduce_to 0.333"


def keep_unreadable(as_of: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE margin_reservation SET filled_quantity = 3, unsettled = true, as_of = %s", [as_of]
        )
        cursor.execute(
            "INSERT INTO margin_orderevent (decision_id, kind, filled_quantity, price, as_of, recorded_at) "
            "SELECT decision_id, 'partial', 3, 60000, as_of, now() FROM margin_reservation"
        )


async def test_another_desks_order_does_not_exist(small: Small) -> None:
    from tests.gate.harness import secret_of

    otto = await aside(factories.person)("otto")
    retail = await aside(factories.desk)("RETAIL")
    await aside(factories.grant)(otto, retail, "risk_manager")
    secret = await aside(secret_of)(otto)
    async with running(small) as house:
        assert await house.allowed("x-1", "1") == "allow 1"
        house.secret = secret
        assert (await house.tell("x-1", "cancelled", NOON))[0] == 404
        assert (await house.check("x-2", "1"))[0] == 404
