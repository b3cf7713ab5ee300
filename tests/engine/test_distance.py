"""How far all markets together may move: distances to liquidation and to the next worse level."""

from dataclasses import replace
from fractions import Fraction

import pytest

from margin.engine.distance import Distance, distances
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.types import Mark, PriceState, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

X = instrument("X", (0, "0.1"))
PRICES = market({"X": 100}, {"COIN": 10})


def far(own, prices=PRICES):
    return distances(own, assess(own, prices, DESK), DESK)


def test_the_shock_moves_each_mark_by_its_loading():
    """E = 500 + 1,000 s, MM = 100 (1 + s) from 500: 500 + 1,000 s = 100 + 100 s."""
    own = account([cross(X, 10, 100)], wallet=500)
    assert far(own).liquidation == Distance(Fraction(-4, 9), None)
    slow = instrument("X", (0, "0.1"), loading="0.5")
    assert far(account([cross(slow, 10, 100)], wallet=500)).liquidation == Distance(Fraction(-8, 9), None)
    against = instrument("X", (0, "0.1"), loading="-0.5")
    assert far(account([cross(against, 10, 100)], wallet=500)).liquidation == Distance(None, Fraction(8, 9))


def test_it_is_looked_for_from_minus_one_hundred_to_plus_one_thousand_per_cent():
    def up(wallet):
        return far(account([cross(X, -1, 100)], wallet=wallet)).liquidation.up

    assert up(1_109) == Fraction(1_109 - 10, 110)
    assert up(1_111) is None
    held = account([cross(X, 10, 100)], wallet=999)
    assert far(held).liquidation.down == Fraction(-899, 900)
    assert far(replace(held, holdings=account(wallet=1_001).holdings)).liquidation.down is None


@pytest.mark.parametrize(
    ("down", "up", "nearest"),
    [("-0.2", "0.1", "0.1"), ("-0.1", "0.2", "0.1"), ("-0.2", None, "0.2"), (None, "0.3", "0.3")],
)
def test_the_nearest_is_the_size_of_the_smaller_move(down, up, nearest):
    moves = [None if move is None else exact(move) for move in (down, up)]
    assert Distance(*moves).nearest == exact(nearest)
    assert Distance().nearest is None


@pytest.mark.parametrize(
    ("wallet", "level", "upcoming", "down"),
    [
        (500, Level.NORMAL, Level.WATCH, Fraction(100 - 300, 540)),
        (160, Level.WATCH, Level.AT_RISK, Fraction(100 - 112, 630)),
        (140, Level.AT_RISK, Level.DANGER, Fraction(100 - 112, 700)),
        (120, Level.DANGER, Level.LIQUIDATION, Fraction(-20, 900)),
    ],
)
def test_the_next_event_is_the_next_worse_level(wallet, level, upcoming, down):
    own = account([cross(X, 10, 100)], wallet=wallet)
    assert assess(own, PRICES, DESK).level is level
    found = far(own)
    assert found.next_level is upcoming
    share = {Level.WATCH: "0.6", Level.AT_RISK: "0.7", Level.DANGER: "0.8"}.get(upcoming, "1")
    line = exact(share)
    assert found.next_event.down == (100 - line * wallet) / (1_000 * line - 100)


def test_with_a_house_buffer_the_call_comes_before_liquidation():
    danger = far(account([cross(X, 10, 100)], wallet=130, buffer="0.25"))
    assert danger.next_level is Level.MARGIN_CALL
    assert danger.next_event.down == Fraction(125 - 130, 875)
    called = far(account([cross(X, 10, 100)], wallet=110, buffer="0.25"))
    assert called.next_level is Level.LIQUIDATION
    assert called.next_event == called.liquidation == Distance(Fraction(-10, 900), None)


def test_in_liquidation_the_distance_is_zero_and_nothing_worse_comes():
    found = far(account([cross(X, 10, 100)], wallet=99))
    assert (found.liquidation, found.next_level, found.next_event) == (Distance(0, 0), None, Distance())


def test_of_several_pools_the_first_to_reach_its_line_counts_each_way():
    own = account(
        [cross(X, 10, 100, "c"), isolated(X, -10, 100, "s"), isolated(X, 10, 100, "l")],
        wallet=500,
        pockets={"s": 300, "l": 400},
    )
    assert far(own).liquidation == Distance(Fraction(-3, 9), Fraction(2, 11))


def test_a_pool_already_worse_than_the_next_level_of_the_account_is_at_no_distance():
    """An isolated pool in danger sets the account's level; a cross pool at watch is then not asked again."""
    own = account([cross(X, 10, 100), isolated(X, 10, 100, "i")], wallet=500, pockets={"i": 105})
    found = far(own)
    assert found.next_level is Level.LIQUIDATION
    assert found.next_event.down == Fraction(-5, 900)


def test_collateral_moves_by_its_own_loading_and_the_base_currency_never():
    def down(**more):
        own = account(
            [cross(X, 10, 100)], wallet=100, holdings=[("wallet", "COIN", 40)], terms=[coin("COIN", **more)]
        )
        return far(own).liquidation.down

    assert down() == Fraction(-400, 1_300)
    assert down(loading="0.5") == Fraction(-400, 1_100)
    assert down(loading=0) == Fraction(-4, 9)
    told = account([cross(X, 10, 100)], wallet=500, terms=[coin("USD")])
    assert far(told).liquidation.down == Fraction(-4, 9)


def test_a_settlement_rate_moves_only_where_a_currency_factor_is_named_and_the_base_never():
    prices = market({"X": 100}, {"EUR": 2})

    def down(**more):
        traded = instrument("X", (0, "0.1"), **more)
        return far(
            account([cross(traded, 10, 100)], wallet=500, terms=[coin("EUR")]), prices
        ).liquidation.down

    assert down(settlement="EUR") == Fraction(200 - 500, 1_800)
    assert down(settlement="USD", fx_loading=1) == Fraction(-4, 9)
    s = down(settlement="EUR", fx_loading=1)
    gap = 500 + 2_000 * s * (1 + s) - 200 * (1 + s) ** 2
    assert -1 < s < 0
    assert abs(gap) < Fraction(1, 10**20)


def test_an_unknown_pool_has_no_distance_at_all():
    own = account([cross(X, 10, 100), isolated(instrument("Y"), 1, 10, "y")], wallet=500, pockets={"y": 5})
    found = far(own)
    assert (found.liquidation, found.next_level, found.next_event) == (Distance(), None, Distance())


def test_a_level_in_doubt_has_a_distance_to_liquidation_and_no_next_level():
    own = account([cross(X, 10, 100)], wallet=150)
    doubtful = market({"X": Mark(exact(100), PriceState.STALE, exact(97), exact(103))})
    assert assess(own, doubtful, DESK).level is Level.UNKNOWN
    found = far(own, doubtful)
    assert (found.next_level, found.next_event) == (None, Distance())
    assert found.liquidation.down is not None


def test_one_pool_in_liquidation_is_enough_for_a_distance_of_zero():
    own = account([cross(X, 10, 100), isolated(X, 10, 100, "i")], wallet=5_000, pockets={"i": 99})
    assert far(own).liquidation == Distance(0, 0)
