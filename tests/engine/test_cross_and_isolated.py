"""Cross shares, isolated caps: what pools do to one another."""

from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.types import Mark, PriceState, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

BTC = instrument("BTC-PERP")
ETH = instrument("ETH-PERP")


def hybrid():
    return account(
        [cross(BTC, 1, 60_000), isolated(ETH, 10, 3_000, "eth")],
        wallet=20_000,
        pockets={"eth": 3_000},
        buffer="0.10",
    )


def test_a_hybrid_account_measures_each_pool_by_its_own_money():
    figures = assess(hybrid(), market({"BTC-PERP": 58_000, "ETH-PERP": 2_800}), DESK)
    core, satellite = figures.pool("cross"), figures.pool("isolated:eth")
    assert (core.equity, core.house_maintenance) == (18_000, 638)
    assert core.utilisation == Fraction(638, 18_000)
    assert (satellite.equity, satellite.house_maintenance) == (1_000, 308)
    assert satellite.utilisation == Fraction(308, 1_000)
    assert figures.equity == 19_000


def test_an_isolated_shortfall_is_never_taken_from_the_wallet():
    figures = assess(hybrid(), market({"BTC-PERP": 58_000, "ETH-PERP": 2_600}), DESK)
    assert figures.pool("isolated:eth").shortfall == 1_000
    assert figures.pool("isolated:eth").level is Level.LIQUIDATION
    assert figures.pool("cross").equity == 18_000
    assert figures.equity == 18_000


def test_positions_of_one_instrument_and_side_are_one_leg_for_the_tiers():
    tiered = instrument("BTC-PERP", (0, "0.01"), (50_000, "0.02"))
    halves = account([cross(tiered, "0.5", 60_000, "a"), cross(tiered, "0.5", 60_000, "b")], wallet=10_000)
    figures = assess(halves, market({"BTC-PERP": 60_000}), DESK)
    assert figures.maintenance == 700
    assert [row.maintenance for row in figures.positions] == [350, 350]


def two_ringed(first, second, **prices):
    """Two isolated positions that each require 100, with these pockets."""
    traded = {code: instrument(code, (0, "0.1")) for code in ("A", "B")}
    own = account(
        [isolated(traded["A"], 10, 100, "a"), isolated(traded["B"], 10, 100, "b")],
        wallet=10_000,
        pockets={"a": first, "b": second},
    )
    return assess(own, market({"A": 100, "B": 100} | prices), DESK)


@pytest.mark.parametrize(
    ("first", "second", "binding"),
    [
        (120, 110, "isolated:b"),
        (110, 120, "isolated:a"),
        (110, 110, "isolated:a"),
        (90, 80, "isolated:b"),
        (130, 99, "isolated:b"),
        (-1, -2, "isolated:b"),
        (99, 0, "isolated:b"),
    ],
)
def test_of_pools_at_the_worst_level_the_one_nearest_its_end_binds(first, second, binding):
    figures = two_ringed(first, second)
    assert figures.binding_pool == binding
    assert figures.utilisation == figures.pool(binding).utilisation


def test_pools_without_figures_are_unknown_side_by_side():
    figures = two_ringed(500, 500, A=Mark(None), B=Mark(None))
    assert (figures.level, figures.binding_pool, figures.equity) == (Level.UNKNOWN, "isolated:a", None)
    assert figures.unknown_because == ("no price of A", "no price of B")


def test_one_bounded_pool_makes_the_account_bounded():
    stale = Mark(exact(100), PriceState.STALE, exact(99), exact(101))
    figures = two_ringed(500, 500, A=stale)
    assert (figures.bounded, figures.pool("isolated:b").bounded) == (True, False)
    assert not two_ringed(500, 500).bounded


def test_the_scale_of_a_pool_is_all_that_was_added_up():
    """Sum of |balance*price| + sum of |q|*c*x*(|m| + |e|)."""
    euros = {"holdings": [("wallet", "EUR", 3)], "terms": [coin("EUR", (0, "0.5"))]}
    own = account([cross(BTC, -2, 90)], wallet=-50, **euros)
    assert assess(own, market({"BTC-PERP": 100}, {"EUR": 2}), DESK).pool("cross").scale == 56 + 2 * 190
