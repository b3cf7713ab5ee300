"""Formulas of positions and schedules as tables worked by hand: what goes in, what must come out."""

import pytest

from margin.engine.exact import assess
from margin.engine.terms import ShareTiers
from margin.engine.types import Offsets, Policy, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, market

INVERSE = {"kind": "inverse", "settlement": "USD"}
HALF = exact("0.5")
OIL = {"allow_negative": True}


@pytest.mark.parametrize(
    ("more", "quantity", "entry", "mark", "notional", "exposure", "pnl"),
    [
        ({}, 3, 90, 100, 300, 300, 30),
        ({}, -3, 90, 100, 300, -300, -30),
        ({"contract_size": "0.5"}, 3, 90, 100, 150, 150, 15),
        (OIL, 3, 5, -10, 30, -30, -45),
        (OIL, -3, 5, -10, 30, 30, 45),
        (OIL, 3, 5, 0, 0, 0, -15),
        ({**OIL, "reference_price": 20}, 3, 5, -10, 60, -60, -45),
        ({**OIL, "reference_price": 20}, 3, 5, 50, 150, 150, 135),
        ({**OIL, "reference_price": 20}, 3, 5, 0, 60, 0, -15),
        ({}, 1, 1, "0.5", HALF, HALF, -HALF),
        ({}, -1, 1, "0.5", HALF, -HALF, HALF),
        ({"reference_price": 200}, 3, 90, 100, 300, 300, 30),
        (INVERSE, 1_000, 50, 40, 25, 25, -5),
        (INVERSE, -1_000, 50, 40, 25, -25, 5),
        ({**INVERSE, "contract_size": 10}, 1_000, 50, 40, 250, 250, -50),
    ],
)
def test_notional_signed_exposure_and_profit(more, quantity, entry, mark, notional, exposure, pnl):
    """n = |q|c|m| (at least f), inverse |q|c/m; S = sign(q m) N; U = qc(m - e), inverse qc(1/e - 1/m)."""
    own = account([cross(instrument("X", **more), quantity, entry)], wallet=10_000)
    (row,) = assess(own, market({"X": mark}), DESK).positions
    assert (row.notional, row.exposure, row.unrealised_pnl) == (notional, exposure, pnl)


def test_the_rate_of_the_settlement_currency_is_todays_for_entry_and_mark_alike():
    traded = instrument("DAX", (0, "0.1"), settlement="EUR")
    own = account([cross(traded, 2, 90)], wallet=1_000, terms=[coin("EUR")])
    (row,) = assess(own, market({"DAX": 100}, {"EUR": "1.1"}), DESK).positions
    assert (row.notional, row.unrealised_pnl, row.maintenance) == (220, 22, 22)


LADDER = [(0, "0.02", "0.01"), (1_000, "0.06", "0.03"), (5_000, "0.1", "0.05")]


@pytest.mark.parametrize(
    ("notional", "maintenance", "initial"),
    [
        (1, "0.01", "0.02"),
        (999, "9.99", "19.98"),
        (1_000, 10, 60),
        (1_001, "10.03", "60.06"),
        (4_999, "129.97", "299.94"),
        (5_000, 130, 500),
        (10_000, 380, 1_000),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_maintenance_is_continuous_at_a_floor_and_initial_steps(notional, maintenance, initial, side):
    """d_2 = 1,000 (0.03 - 0.01) = 20, d_3 = 20 + 5,000 (0.05 - 0.03) = 120; a tier owns its floor."""
    own = account([cross(instrument("X", *LADDER), side * notional, 1)], wallet=10_000)
    figures = assess(own, market({"X": 1}), DESK)
    assert (figures.maintenance, figures.initial) == (exact(maintenance), exact(initial))


@pytest.mark.parametrize(
    ("fee", "notional", "maintenance"), [("0.001", 500, "5.5"), ("0.001", 2_000, 42), (0, 0, 0)]
)
def test_the_fee_is_on_the_notional_beside_the_rate(fee, notional, maintenance):
    own = account([cross(instrument("X", *LADDER, fee=fee), notional or 1, 1)], wallet=10_000)
    wanted = exact(maintenance)
    assert assess(own, market({"X": 1 if notional else "0.000000000001"}), DESK).maintenance >= wanted
    if notional:
        assert assess(own, market({"X": 1}), DESK).maintenance == wanted


@pytest.mark.parametrize(
    ("leverages", "initial"),
    [
        ((None, None), 40),
        ((10, None), 120),
        ((10, 5), 300),
        ((100, 100), 40),
        ((50, 50), 40),
        ((1, 1), 2_000),
    ],
)
def test_a_chosen_leverage_can_only_ask_for_more_position_by_position(leverages, initial):
    """im = max(mm, sum n_p max(imr, 1/leverage_p)): 1,000 and 1,000 in a tier of 2 %."""
    flat = instrument("X", (0, "0.02", "0.01"))
    one, other = leverages
    own = account(
        [cross(flat, 10, 100, "a", leverage=one), cross(flat, 10, 100, "b", leverage=other)], wallet=1
    )
    figures = assess(own, market({"X": 100}), DESK)
    assert (figures.initial, figures.maintenance) == (initial, 20)


def test_initial_is_never_below_maintenance():
    dear = instrument("X", (0, "0.01", "0.01"), fee="0.005")
    figures = assess(account([cross(dear, 1, 100)], wallet=1), market({"X": 100}), DESK)
    assert figures.initial == figures.maintenance == exact("1.5")


def test_a_position_shows_its_share_of_its_leg_by_size():
    own = account(
        [cross(instrument("X", *LADDER), 500, 1, "a"), cross(instrument("X", *LADDER), 1_500, 1, "b")],
        wallet=1_000,
        buffer="0.5",
    )
    rows = {row.ref: row for row in assess(own, market({"X": 1}), DESK).positions}
    assert [(rows[k].maintenance, rows[k].initial, rows[k].house_maintenance) for k in "ab"] == [
        (10, 30, 15),
        (30, 90, 45),
    ]


@pytest.mark.parametrize(
    ("long", "short", "offset", "maintenance", "initial"),
    [
        (10, 4, Offsets.NONE, 70, 140),
        (10, 4, Offsets.HEDGE, 50, 100),
        (4, 10, Offsets.HEDGE, 50, 100),
        (4, 4, Offsets.HEDGE, 20, 40),
    ],
)
def test_the_hedge_offset_charges_the_larger_of_both_legs(long, short, offset, maintenance, initial):
    traded = instrument("X", (0, "0.1", "0.05"))
    own = account([cross(traded, long, 100, "l"), cross(traded, -short, 100, "s")], wallet=1_000)
    figures = assess(own, market({"X": 100}), Policy(offsets=offset))
    assert (figures.maintenance, figures.initial) == (maintenance, initial)


def test_of_a_hedge_the_larger_requirement_of_each_kind_is_charged_also_from_different_legs():
    traded = instrument("X", (0, "0.1", "0.05"))
    own = account([cross(traded, 10, 100, "l"), cross(traded, -8, 100, "s", leverage=2)], wallet=1_000)
    figures = assess(own, market({"X": 100}), Policy(offsets=Offsets.HEDGE))
    assert (figures.maintenance, figures.initial) == (50, 400)


def test_of_two_equal_legs_the_long_one_is_charged():
    traded = instrument("X", (0, "0.1", "0.05"))
    own = account([cross(traded, 4, 100, "l"), cross(traded, -4, 100, "s")], wallet=1_000)
    long, short = assess(own, market({"X": 100}), Policy(offsets=Offsets.HEDGE)).pool("cross").legs
    assert (long.side, short.side) == (1, -1)
    assert (long.charged_maintenance, long.charged_initial) == (20, 40)
    assert (short.charged_maintenance, short.charged_initial) == (0, 0)
    assert (short.maintenance, short.initial) == (20, 40)


def test_what_a_share_of_the_pool_asks_at_least_is_asked_in_the_base_currency():
    """All of the pool is one underlying: half of 10 x 100 euros, at 2."""
    traded = instrument("DAX", (0, "0.1", "0.05"), settlement="EUR")
    own = account([cross(traded, 10, 100)], wallet=5_000, terms=[coin("EUR")])
    figures = assess(own, market({"DAX": 100}, {"EUR": 2}), Policy(concentration=ShareTiers()))
    assert (figures.maintenance, figures.initial) == (1_000, 1_000)
