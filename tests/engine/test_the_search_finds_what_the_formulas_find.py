"""Falls by search: the same as by formulas where both lead there; steps and halvings worked by hand."""

import pytest

from margin.engine.curves import first_fall
from margin.engine.distance import market_wide
from margin.engine.figures import Level
from margin.engine.rational import Fraction
from margin.engine.risk import SOLVENT, lines
from margin.engine.search import moved_prices, risk_at, search_fall
from margin.engine.shocked import MeasuredPool, line_along
from tests.engine.afresh import above, asked_of, end_of, moved, pools_of, towards
from tests.engine.scene import DESK, account, cross, instrument, market
from tests.engine.shocked_scenes import SCENES

CLOSE = Fraction(1, 10**15)
X = instrument("X", (0, "0.1"))
NARROW = ("falling first, then resting at zero", "coins with own amounts")
"""These dip below the line and come back within a step."""
MIDDLES = tuple(Fraction(k, 7) for k in (-6, -3, -1, 0, 1, 4, 30))


@pytest.mark.parametrize("name", SCENES)
def test_prices_move_as_the_movement_says(name):
    for measured, movement, line in asked_of(*SCENES[name]):
        low = end_of(measured, movement, -1)
        for s in (point for point in MIDDLES if low < point < end_of(measured, movement, 1)):
            ours, theirs = moved_prices(measured, movement, s), moved(measured, movement, s)
            assert (ours.marks, ours.rates, ours.settlements) == (
                theirs.marks,
                theirs.rates,
                theirs.settlements,
            )
            assert line.above(risk_at(measured, movement, s)) == above(measured, movement, line, s)


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("name", [name for name in SCENES if name not in NARROW])
def test_search_and_formula_find_the_same_fall(name, direction):
    for measured, movement, line in asked_of(*SCENES[name]):
        limit = end_of(measured, movement, direction)
        wanted = first_fall(towards(line_along(measured, movement, line), measured, line), direction, limit)
        found = search_fall(measured, movement, line, direction, limit)
        assert found is wanted is None or abs(found - wanted) < CLOSE, (movement, line, wanted, found)


def pool_of(*positions, wallet, **marks) -> MeasuredPool:
    (measured,) = pools_of(account(positions, wallet=wallet), market(marks), DESK)
    return measured


@pytest.mark.parametrize(("wallet", "down"), [(200, Fraction(-1, 60)), (240, "-0.02"), (400, None)])
def test_a_dip_is_found_where_a_step_falls_into_it(wallet, down):
    """4 at 100 are worth nothing at -2.5 %, 40 sold gain: E = W - 12,000 |s|, then W - 400 + 4,000 |s|.

    With 240 it is below zero from -2 % to -4 %: of the 48 steps to -100 % only the first falls there.
    """
    fast = instrument("F", (0, "0.1"), loading=40)
    measured = pool_of(cross(fast, 4, 100), cross(X, -40, 100), wallet=wallet, F=100, X=100)
    movement = market_wide(measured)
    for limit in (-Fraction(1), None):
        found = search_fall(measured, movement, SOLVENT, -1, limit)
        assert found is down is None or abs(found - Fraction(down)) < CLOSE


def test_a_dip_between_two_steps_is_stepped_over():
    """The same from -2.25 % to -3.25 %, whose two ends lie between the first step and the second."""
    fast = instrument("F", (0, "0.1"), loading=40)
    measured = pool_of(cross(fast, 4, 100), cross(X, -40, 100), wallet=270, F=100, X=100)
    assert search_fall(measured, market_wide(measured), SOLVENT, -1, -Fraction(1)) is None


def test_to_touch_the_line_on_a_step_is_no_fall():
    """4 at 100 are worth nothing at -1/48, where all of E = W - 9,600 |s| is gone; then it grows again."""
    fast = instrument("F", (0, "0.1"), loading=48)
    measured = pool_of(cross(fast, 4, 100), cross(X, -96, 100), wallet=200, F=100, X=100)
    assert above(measured, market_wide(measured), SOLVENT, -Fraction(1, 48)) == 0
    assert search_fall(measured, market_wide(measured), SOLVENT, -1, -Fraction(1)) is None


def test_exactly_on_the_line_the_fall_is_where_one_stands():
    """MM = 100: what falls is below at once, what rises never."""
    measured = pool_of(cross(X, 10, 100), wallet=100, X=100)
    movement, line = market_wide(measured), lines(DESK)[Level.LIQUIDATION]
    assert search_fall(measured, movement, line, -1, -Fraction(1)) == 0
    assert search_fall(measured, movement, line, 1, Fraction(10)) is None
    hair = pool_of(cross(X, 10, 100), wallet="100.5", X=100)
    assert abs(search_fall(hair, movement, line, -1, -Fraction(1)) + Fraction(1, 1_800)) < CLOSE


@pytest.mark.parametrize(("wallet", "down"), [(400, None), ("399.9", "-0.3999"), (395, "-0.395")])
def test_at_the_limit_itself_nothing_has_fallen_and_just_before_it_it_has(wallet, down):
    """E = W + 1,000 s, asked down to -40 %."""
    measured = pool_of(cross(X, 10, 100), wallet=wallet, X=100)
    found = search_fall(measured, market_wide(measured), SOLVENT, -1, -Fraction(2, 5))
    assert found is down is None or abs(found - Fraction(down)) < CLOSE


@pytest.mark.parametrize("wallet", [5, 700, 40_000, 10**6])
def test_without_a_limit_it_looks_a_thousand_times_the_price_and_farther(wallet):
    """One sold at 100: E = W - 100 s, with nothing to stop it."""
    measured = pool_of(cross(X, -1, 100), wallet=wallet, X=100)
    found = search_fall(measured, market_wide(measured), SOLVENT, 1, None)
    assert abs(found - Fraction(wallet, 100)) < Fraction(1, 10**11)
