"""Hills and which way leads to a fall: the tangents touch the pool valued afresh, and every way agrees."""

import pytest

from margin.engine.curves import first_fall
from margin.engine.distance import market_wide
from margin.engine.falls import falls
from margin.engine.figures import Level
from margin.engine.hill import hill_along
from margin.engine.rational import Fraction
from margin.engine.risk import lines
from margin.engine.shocked import Movement, domain, line_along
from margin.engine.terms import PortfolioTerms, Scenario
from margin.engine.types import ONE, Policy, exact
from tests.engine.afresh import above, asked_of, pools_of, towards
from tests.engine.scene import DESK, account, cross, instrument, isolated, market
from tests.engine.shocked_scenes import SCENES

LIQUIDATION = lines(DESK)[Level.LIQUIDATION]
POINTS = tuple(Fraction(k, 12) for k in (-12, -11, -7, -3, -1, 0, 1, 2, 6, 12, 37, 144))


def ways_of(name):
    return [way for way in asked_of(*SCENES[name]) if domain(*way[:2])[0] in (None, -ONE)]


@pytest.mark.parametrize("name", SCENES)
def test_a_hill_touches_the_pool_valued_afresh_at_every_point(name):
    for measured, movement, line in ways_of(name):
        hill = hill_along(measured, movement, line)
        for s in POINTS if hill else ():
            constant, slope = hill.tangent(s)
            assert constant + slope * s == above(measured, movement, line, s), (movement, line, s)


HILLS = {
    "a long", "a short", "a long of two sizes with a buffer of its own",
    "half a one", "a house that asks for twice as much",
    "exactly on a floor", "exactly on a floor, short", "below the line", "below the line, short", "owing",
    "hedged", "hedged in full", "hedged the other way", "both sides unhedged", "one faster than the other",
    "one that stands still", "a price below one", "a price below one, short", "oil", "euros", "a debt",
    "collateral", "collateral owned and owed alike", "collateral that stands still",
    "collateral worth less than one",
    "collateral cut by tiers", "collateral on its floor",
}  # fmt: skip
"""Rates only rise, prices move in straight lines and none comes to rest before -100 %."""


@pytest.mark.parametrize("name", SCENES)
def test_only_what_bends_one_way_is_a_hill(name):
    hills = [hill_along(pool, market_wide(pool), LIQUIDATION) for pool in pools_of(*SCENES[name])]
    assert (None not in hills) == (name in HILLS)


@pytest.mark.parametrize("name", SCENES)
def test_tangents_and_pieces_find_the_same_falls(name):
    for measured, movement, line in asked_of(*SCENES[name]):
        low, high = domain(measured, movement)
        curve = towards(line_along(measured, movement, line), measured, line)
        assert falls(measured, movement, line) == (first_fall(curve, -1, low), first_fall(curve, 1, high))


def ten_at_a_hundred(wallet, policy=DESK, **more):
    own = account([cross(instrument("X", (0, "0.1"), **more), 10, 100)], wallet=wallet)
    (measured,) = pools_of(own, market({"X": 100}), policy)
    return measured


@pytest.mark.parametrize(
    ("share", "wallet", "lowest", "highest", "found"),
    [
        (1, 460, None, None, ("-0.4", None)),  # (460 - 100) / 900
        (1, 460, -1, 10, ("-0.4", None)),
        (1, 460, "-0.41", None, ("-0.4", None)),
        (1, 460, "-0.4", None, (None, None)),  # at the end itself nothing has fallen yet
        (1, 460, "-0.39", None, (None, None)),
        (-1, 460, None, None, (None, "0.4")),
        (-1, 460, -1, "0.41", (None, "0.4")),
        (-1, 460, -1, "0.4", (None, None)),
        (2, 460, -1, None, ("-0.2", None)),  # twice as fast: at zero at -50 %
        (2, 460, "-0.1", None, (None, None)),
        (1, 1_100, -1, 10, (None, None)),
        (1, 1_000, -1, 10, (None, None)),  # all gone with the price, and nothing more
        (-2, 460, -1, 10, (None, "0.2")),
        (-2, 460, -1, "0.1", (None, None)),
        (1, 100, -1, 10, ("0", None)),  # on the line: where one stands
        (-1, 100, -1, 10, (None, "0")),
        (1, 10, -1, 10, (None, "0.1")),  # below it: where it is cured
        (1, 10, -1, "0.05", (None, None)),
        (-1, 10, "-0.05", None, (None, None)),
    ],
)
def test_falls_are_looked_for_between_two_ends(share, wallet, lowest, highest, found):
    """E = W + 1,000 s and MM = 100 (1 + s), s times as fast as the share says."""
    measured = ten_at_a_hundred(wallet)
    movement = Movement({"X": Fraction(share)}, of="X")
    low, high = (None if end is None else Fraction(end) for end in (lowest, highest))
    wanted = tuple(None if s is None else Fraction(s) for s in found)
    assert falls(measured, movement, LIQUIDATION, lowest=low, highest=high) == wanted


def portfolio():
    """The worst of ten per cent down and up: a tenth of what is held, whichever way."""
    scenarios = tuple(Scenario(shock, {"f": exact(shock)}) for shock in ("-0.1", "0.1"))
    return Policy(portfolio=PortfolioTerms(scenarios, exact("0.01")))


@pytest.mark.parametrize(
    ("share", "wallet", "lowest", "highest", "found"),
    [
        (1, 460, -1, 10, ("-0.4", None)),
        (1, 460, "-0.39", None, (None, None)),
        (-1, 460, -1, 10, (None, "0.4")),
        (-1, 460, -1, "0.39", (None, None)),
        (1, 10, -1, 10, (None, "0.1")),
    ],
)
def test_under_rules_of_the_whole_pool_the_same_fall_is_searched_for(share, wallet, lowest, highest, found):
    """A tenth at risk is the requirement of a tenth: the answers of the formula, to fifteen digits."""
    measured = ten_at_a_hundred(wallet, portfolio(), loadings={"f": ONE})
    low, high = (None if end is None else Fraction(end) for end in (lowest, highest))
    movement = Movement({"X": Fraction(share)}, of="X")
    searched = falls(measured, movement, LIQUIDATION, lowest=low, highest=high)
    for wanted, fall in zip(found, searched, strict=True):
        assert fall is wanted is None or abs(fall - Fraction(wanted)) < Fraction(1, 10**15)


@pytest.mark.parametrize(("share", "down"), [(1, True), (-1, False)])
@pytest.mark.parametrize(("times", "is_found"), [(9 * 10**5, True), (15 * 10**5, False)])
def test_without_an_end_it_is_searched_for_to_a_million_times_the_price(share, down, times, is_found):
    """One that may be negative: 100 lost by each s, and 10 more required from the second on."""
    oil = instrument("OIL", (0, "0.1"), loadings={"f": ONE}, allow_negative=True)
    own = account([cross(oil, 1, 100)], wallet=110 * times - 10)
    (measured,) = pools_of(own, market({"OIL": 100}), portfolio())
    found = falls(measured, Movement({"OIL": Fraction(share)}, of="OIL"), LIQUIDATION)
    near, other = found if down else reversed(found)
    assert other is None
    assert (near is not None) == is_found
    if near is not None:
        assert abs(abs(near) - times) < Fraction(1, 10**6)


def test_an_isolated_pool_has_no_rules_of_the_whole_and_is_not_searched():
    """In its pocket: (460 - 70) / 630 is given exactly, which no halving comes to."""
    own = account([isolated(instrument("X", (0, "0.1")), 7, 100, "i")], pockets={"i": 460})
    _, measured = pools_of(own, market({"X": 100}), portfolio())
    assert falls(measured, Movement({"X": ONE}), LIQUIDATION)[0] == -Fraction(390, 630)
