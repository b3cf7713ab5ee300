"""A shard in columns shows and decides what exact arithmetic shows and decides, run by run."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import Client, SubAccount
from margin.book.applies import Caps
from margin.book.book import Book
from margin.book.frame import rows_of
from margin.book.marks import pin_all
from margin.book.quotes import load_quotes
from margin.book.read import account_row, newest_frame, position_rows
from margin.book.snapshot import snapshot
from margin.flow.awaited import awaiting_in
from margin.flow.compose_frame import compose_frame
from margin.flow.enforce import enforce
from margin.flow.feed import PriceReport, accept_prices
from margin.flow.findings import find
from margin.flow.recompute import recompute
from margin.flow.replay import compute_again, replay
from margin.models import Breach, Instrument, RatePath, Restriction, Run, TemporaryExcess
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)

CODES = ("BTC-PERP", "ETH-PERP", "OIL", "BTC-COIN", "EUR-USD", "BTC-USD")
STARTS = {
    "BTC-PERP": 60000,
    "ETH-PERP": 3000,
    "OIL": 2,
    "BTC-COIN": 60000,
    "EUR-USD": "1.08",
    "BTC-USD": 60000,
}
PARTS_AND_WHOLES = {
    *(
        "asset_class_leverage",
        "asset_class_gross",
        "client_one_asset",
        "sub_account_one_asset",
        "client_one_way",
    ),
    *("client_worst_loss", "sub_account_worst_loss", "client_collateral", "sub_account_collateral"),
}
PATIENT = {
    "jump_band": Decimal(9), "guard_band": Decimal("0.5"), "stale_soft_seconds": 60, "stale_hard_seconds": 120
}  # fmt: skip


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("margin.book.load_book.EXACT_UP_TO", -1)
    return monkeypatch


def crowd(dice: random.Random) -> Scene:
    """A few clients with a taste for trouble: on the line, in debt, in coins, below zero, in doubt."""
    made = make_scene(cap="6")
    desk = made.desk
    eth = factories.instrument(
        "ETH-PERP", tiers=[("0", "0.02", "0.01"), ("20000", "0.04", "0.02")], **PATIENT
    )
    beyond_zero = {**PATIENT, "guard_band": Decimal("1.5")}
    oil = factories.instrument("OIL", allow_negative=True, cap_class="commodity", **beyond_zero)
    eur, coin = factories.asset("EUR"), factories.asset("BTC", "coin")
    inverse = factories.instrument(
        "BTC-COIN", kind="inverse", settlement="BTC", contract_size="10", **PATIENT
    )
    rates = {
        eur: factories.instrument("EUR-USD", **PATIENT),
        coin: factories.instrument("BTC-USD", **PATIENT),
    }
    factories.haircut(eur)
    factories.haircut(coin, [("0", "0.1"), ("5000", "0.3")], liability_initial_rate="0.1")
    for owned, instrument in rates.items():
        RatePath.objects.create(base=owned, quote=factories.asset("USD"), instrument=instrument)
    factories.limit(desk, "4", scope="instrument", instrument=oil)
    factories.limit(desk, "90000", scope="desk", kind="gross")
    cap_parts_and_wholes(made)
    factories.buffer(desk, "0.1")
    for k in range(8):
        client = factories.client(f"C{k}", of=desk)
        if k == 3:
            factories.limit(desk, "2", scope="client", client=client, warn="1")
        for n in range(1 + k % 2):
            account = factories.sub_account(f"C{k}-{n}", of=client)
            fill(dice, account, [made.btc, eth, oil, inverse])
            if k == 0:
                exceed(made, client)
            if k == 4:
                factories.buffer(desk, "0.3", sub_account=account)
                factories.limit(desk, "1.5", scope="sub_account", sub_account=account)
            for kind, value in (("one_asset", "0.5"), ("worst_loss", "100"), ("collateral", "0.05")):
                factories.limit(desk, value, scope="sub_account", sub_account=account, kind=kind)
    coins = factories.sub_account("C6-COINS", of=Client.objects.get(code="C6"))
    factories.balance(coins, "1", of="BTC")
    factories.limit(desk, "0.05", scope="sub_account", sub_account=coins, kind="collateral")
    return made


def cap_parts_and_wholes(made: Scene) -> None:
    """Caps on asset classes and on what a whole book is like, each of which some keep and some do not."""
    for of_class, value in (("commodity", "0.4"), ("crypto", "5")):
        factories.limit(made.desk, value, scope="asset_class", cap_class=of_class)
    factories.limit(made.desk, "40000", scope="asset_class", cap_class="crypto", kind="gross")
    for kind, value in (
        ("one_asset", "0.8"),
        ("one_way", "0.6"),
        ("worst_loss", "2500"),
        ("collateral", "0.4"),
    ):
        factories.limit(made.desk, value, kind=kind)


def exceed(made: Scene, client: Client) -> None:
    """More than others of its class for a while; over before the last run."""
    until = made.now + timedelta(seconds=150)
    TemporaryExcess.objects.create(
        desk=made.desk, client=client, value=Decimal(30), valid_to=until, **factories.version()
    )


def fill(dice: random.Random, account: SubAccount, instruments: list[Instrument]) -> None:
    for n in range(dice.randrange(6)):
        instrument = dice.choice(instruments)
        start = Decimal(STARTS[instrument.code])
        unit = Decimal(10) if instrument.kind == "inverse" else start
        worth = Decimal(dice.choice([500, 4000, 20000, 60000]))
        quantity = (worth / unit).quantize(Decimal("0.001")) * dice.choice([1, -1])
        entry = (start * Decimal(dice.choice(["0.9", "0.99", "1", "1.03"]))).quantize(Decimal("0.01"))
        mode = dice.choice(["cross", "cross", "isolated"])
        ref = f"{instrument.code}|{n}"
        factories.position(account, instrument, str(quantity), str(entry), mode=mode, ref=ref)
        if mode == "isolated" and dice.random() < 0.8:
            factories.balance(account, str(worth / 20), key=f"isolated:{ref}")
    factories.balance(account, dice.choice(["800", "5000", "12345.67", "10000.000000000000000001"]))
    if dice.random() < 0.5:
        factories.balance(account, dice.choice(["-300", "2000"]), of="EUR")
    if dice.random() < 0.5:
        factories.balance(account, dice.choice(["0.2", "-0.01"]), of="BTC")


def move(made: Scene, dice: random.Random, *, silent: tuple[str, ...] = ()) -> None:
    made.later(40)
    reports = [
        PriceReport(code, price, None, None, made.now)
        for code in CODES
        if code not in silent
        for price in [(Decimal(STARTS[code]) * Decimal(dice.choice(["0.8", "0.97", "1", "1.02", "1.15"])))]
    ]
    assert len(accept_prices(source="sim", reports=reports, now=made.now).accepted) == len(reports)


def must_be_as_exact(run: Run, large: pytest.MonkeyPatch) -> None:
    """Every row and sum; and computed again it gives the same bytes."""
    with large.context() as small:
        small.setattr("margin.book.load_book.EXACT_UP_TO", 1000)
        _, composed = compute_again(run)
    frame = newest_frame(1)
    assert frame is not None
    assert frame.places is not None
    assert frame.desks == composed.desks
    rows = list(rows_of(frame.accounts))
    assert all(row["control"] == "reduce_only" for row in rows if row["level"] == "liquidation")
    assert [row | {"control": "open"} for row in rows] == list(rows_of(composed.accounts))
    by_ref = sorted(rows_of(frame.positions), key=lambda row: (row["account"], row["ref"]))
    assert by_ref == list(rows_of(composed.positions_columns))
    assert replay(run).same


SHOWN = (
    "rule",
    "subject",
    "state",
    "measured",
    "allowed",
    "limit",
    "detail",
    "reason",
    "opened_at",
    "cured_at",
)


def breaches() -> list[tuple[object, ...]]:
    return list(Breach.objects.order_by("rule", "subject", "opened_at").values_list(*SHOWN))


def liquidated() -> set[int | None]:
    rows = Breach.objects.filter(rule="margin_level", detail__level="liquidation").exclude(state="cured")
    return set(rows.values_list("sub_account", flat=True))


def reduced() -> set[int | None]:
    return set(Restriction.objects.filter(lifted_at=None).values_list("sub_account", flat=True))


def exact_breaches(made: Scene) -> list[tuple[object, ...]]:
    """What would stand after a run that looks at everybody exactly. Nothing of it stays."""
    now = made.now
    with snapshot(1) as reached:
        book, quotes = Book.load(1, reached, now=now), load_quotes()
    pinned = pin_all(book.rules.guarded.values(), quotes, now)
    computed = recompute(book, pinned, now, keep_alive=lambda: None)
    with transaction.atomic():
        run = Run.objects.create(shard_id=1, started_at=now, engine_version="")
        composed = compose_frame(computed, Caps(book.rules, now), run=run)
        found = find(composed.clients, composed.capped, awaiting=awaiting_in(computed))
        enforce(found, run=run, shard=1, now=now)
        stands = breaches()
        transaction.set_rollback(True)
    return stands


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_and_breaches_are_those_of_exact_arithmetic(large: pytest.MonkeyPatch, seed: int) -> None:
    """Who is silent twice is in doubt the second time: a price that may be below zero, another, a rate."""
    dice = random.Random(seed)
    made = crowd(dice)
    for silent in ((), ("OIL",), ("OIL", "ETH-PERP"), ("ETH-PERP", "EUR-USD"), ("EUR-USD",), ()):
        move(made, dice, silent=silent)
        expected = exact_breaches(made)
        outcome = made.cycle()
        assert breaches() == expected
        assert reduced() == liquidated()
        with made.clock():
            must_be_as_exact(Run.objects.get(pk=outcome.run), large)
    assert Breach.objects.filter(state=Breach.State.CURED).exists()
    assert Restriction.objects.filter(lifted_at__isnull=False).exists()
    assert set(Breach.objects.values_list("rule", flat=True)) >= PARTS_AND_WHOLES


@pytest.mark.parametrize("exact_up_to", [-1, 1000])
def test_a_level_alone_is_reason_enough_to_look(monkeypatch: pytest.MonkeyPatch, exact_up_to: int) -> None:
    """Far from every cap; in a call below which, and above which again, nothing else of it moves."""
    monkeypatch.setattr("margin.book.load_book.EXACT_UP_TO", exact_up_to)
    made, seen = make_scene(cap="1000"), []
    factories.buffer(made.desk, "0.5")
    for price in ("60000", "50700", "50500", "50510", "50600", "60000"):
        made.step(price)
        seen.append(list(Breach.objects.values_list("state", "detail__level")))
    called, fallen = [("open", "margin_call")], [("open", "liquidation")]
    assert seen[:-1] == [[], called, fallen, fallen, called]
    assert Breach.objects.get().state == Breach.State.CURED


@pytest.mark.parametrize("exact_up_to", [-1, 1000])
def test_another_cap_is_said_of_a_breach_that_stands(
    monkeypatch: pytest.MonkeyPatch, exact_up_to: int
) -> None:
    monkeypatch.setattr("margin.book.load_book.EXACT_UP_TO", exact_up_to)
    made = make_scene(cap="4")
    made.step("60000")
    own = factories.limit(made.desk, "2", scope="client", client=made.client)
    made.step("60000")
    found = Breach.objects.get(rule="client_leverage")
    assert (found.state, found.allowed, found.limit) == ("open", 2, own)


@pytest.mark.parametrize("exact_up_to", [-1, 1000])
def test_two_prices_in_doubt_are_asked_at_every_corner(
    monkeypatch: pytest.MonkeyPatch, exact_up_to: int
) -> None:
    """A hedge holds while both move together, and is in liquidation where they move apart."""
    monkeypatch.setattr("margin.book.load_book.EXACT_UP_TO", exact_up_to)
    made = make_scene(cap="1000", cash="20000")
    Instrument.objects.update(guard_band=PATIENT["guard_band"])
    eth = factories.instrument("ETH-PERP", **PATIENT)
    factories.position(made.account, eth, "-20", "3000")
    made.price("3000", code="ETH-PERP")
    made.step("60000")
    made.later(90)
    made.cycle()
    row = account_row("ACME-1")
    assert row is not None
    assert (row["level"], row["bounded"]) == ("unknown", False)


@pytest.mark.parametrize("exact_up_to", [-1, 1000])
def test_a_cap_is_not_kept_for_sure_where_a_price_in_doubt_may_break_it(
    monkeypatch: pytest.MonkeyPatch, exact_up_to: int
) -> None:
    """A short of 0.6 of its equity, which is 1.3 of it where the price is half as high again."""
    monkeypatch.setattr("margin.book.load_book.EXACT_UP_TO", exact_up_to)
    made = make_scene(cap="1", cash="100000", quantity="-1")
    Instrument.objects.update(guard_band=PATIENT["guard_band"])
    made.step("60000")
    made.later(90)
    made.cycle()
    row = account_row("ACME-1")
    assert row is not None
    assert (row["level"], row["cap_state"]) == ("normal", "unknown")


def test_what_changed_in_one_account_is_taken_up(large: pytest.MonkeyPatch) -> None:
    dice = random.Random(4)
    made = crowd(dice)
    move(made, dice)
    made.cycle()
    account = SubAccount.objects.get(code="C5-0")
    eth = Instrument.objects.get(code="ETH-PERP")
    factories.position(account, eth, "1.5", "2900.123456789012345678", mode="isolated", ref="new")
    factories.balance(account, "700", key="isolated:new")
    factories.buffer(made.desk, "0.2", client=account.client)
    move(made, dice)
    outcome = made.cycle()
    row = account_row("C5-0")
    assert row is not None
    assert [held["entry_price"] for held in position_rows("C5-0") if held["ref"] == "new"] == [
        "2900.123456789012345678"
    ]
    assert account_row("C5") is None
    with made.clock():
        must_be_as_exact(Run.objects.get(pk=outcome.run), large)
