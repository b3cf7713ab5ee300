"""Published figures of venues: our options reproduce them to the last digit.

The ladder is that of a large venue's bitcoin perpetual as published in 2026: floor, maintenance rate, highest
leverage, maintenance amount.
"""

from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.liquidation import prices_that_hurt
from margin.engine.types import AtThreshold, Policy, exact
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

LADDER = [
    ("0", "0.004", 150, "0"),
    ("300000", "0.005", 100, "300"),
    ("800000", "0.0065", 75, "1500"),
    ("3000000", "0.01", 50, "12000"),
    ("12000000", "0.02", 25, "132000"),
    ("70000000", "0.025", 20, "482000"),
    ("100000000", "0.05", 10, "2982000"),
    ("230000000", "0.1", 5, "14482000"),
    ("480000000", "0.125", 4, "26482000"),
    ("600000000", "0.15", 3, "41482000"),
    ("800000000", "0.25", 2, "121482000"),
    ("1200000000", "0.5", 1, "421482000"),
]
COMPUTED = instrument("BTC", *[(floor, Fraction(1, lever), rate) for floor, rate, lever, _ in LADDER])
PUBLISHED = instrument("BTC", *[(floor, Fraction(1, lever), rate, own) for floor, rate, lever, own in LADDER])


def test_the_computed_deductions_are_the_published_maintenance_amounts():
    assert COMPUTED.schedule.deductions == tuple(exact(amount) for *_, amount in LADDER)
    assert not PUBLISHED.schedule.has_own_amounts


def venue_liquidation_price(wallet, quantity, entry):
    """The venue's own formula: (WB + cum - side*q*entry) / (q*rate - side*q), with the tier at the root."""
    side, size = (1 if exact(quantity) > 0 else -1), abs(exact(quantity))
    for k, (floor, rate, _, amount) in enumerate(LADDER):
        price = (wallet + exact(amount) - side * size * entry) / (size * exact(rate) - side * size)
        upper = exact(LADDER[k + 1][0]) if k + 1 < len(LADDER) else None
        if price * size >= exact(floor) and (upper is None or price * size < upper):
            return price
    return None


@pytest.mark.parametrize("quantity", ["1", "-1", "20", "-20", "130", "-300", "4000"])
@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 10), Fraction(1, 20)])
def test_liquidation_prices_are_those_of_the_venues_formula(quantity, share):
    wallet = abs(exact(quantity)) * 60_000 * share
    own = account([cross(PUBLISHED, quantity, 60_000)], wallet=wallet)
    figures = assess(own, market({"BTC": 60_000}), DESK)
    if figures.level is not Level.LIQUIDATION:
        (hurt,) = prices_that_hurt(own, figures, DESK).values()
        assert hurt.liquidation.price == venue_liquidation_price(wallet, quantity, 60_000)


def test_a_venue_that_liquidates_at_equality_is_a_policy_value():
    own = account([cross(COMPUTED, 1, 60_000)], wallet=240)
    prices = market({"BTC": 60_000})
    assert assess(own, prices, DESK).level is Level.DANGER
    assert assess(own, prices, Policy(at_threshold=AtThreshold.LE)).level is Level.LIQUIDATION


def test_a_venue_that_counts_the_closing_fee_adds_it_to_the_rate():
    with_fee = instrument("BTC", (0, "0.01"), fee="0.0006")
    own = account([isolated(with_fee, 1, 50_000, "b")], pockets={"b": 5_000})
    figures = assess(own, market({"BTC": 50_000}), DESK)
    assert figures.maintenance == 530
    (hurt,) = prices_that_hurt(own, figures, DESK).values()
    assert hurt.liquidation.price == Fraction(45_000) / (1 - exact("0.0106"))


def test_a_venues_own_amount_replaces_the_computed_one_and_never_makes_a_requirement_negative():
    generous = instrument("X", (0, "0.01", "0.01", "5"), (1_000, "0.02", "0.02", "20"))
    small = assess(account([cross(generous, 1, 400)], wallet=100), market({"X": 400}), DESK)
    large = assess(account([cross(generous, 4, 400)], wallet=100), market({"X": 400}), DESK)
    assert (small.maintenance, large.maintenance) == (0, 12)
