"""The edge: exact figures as decimals, rounded once.

Takes fractions; gives decimal text. Requirements and utilisation round up, equity down, prices towards the
mark. Where that would show a relation the decision denies, digits are carried until it holds; figures that
are exactly equal are shown equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from margin.engine.rational import Fraction
from margin.engine.risk import Risk

MOST_DIGITS = 400


def down(number: Fraction, places: int) -> Decimal:
    return _decimal(floor(number * 10**places), places)


def up(number: Fraction, places: int) -> Decimal:
    return _decimal(ceil(number * 10**places), places)


def _decimal(units: int, places: int) -> Decimal:
    """Exact whatever the ambient precision: built from digits, never computed."""
    digits = tuple(int(digit) for digit in str(abs(units)))
    return Decimal((1 if units < 0 else 0, digits, -places))


def price(number: Fraction, mark: Fraction, places: int) -> Decimal:
    """Towards the mark: shown a little too near, never too far, and at the mark only where it is the mark."""
    rounded = up if number < mark else down
    for digits in range(places, MOST_DIGITS):
        found = rounded(number, digits)
        if number == mark or Fraction(found) != mark:
            return found
    return rounded(number, MOST_DIGITS)


def share(number: Fraction, lines: Sequence[Fraction], places: int) -> Decimal:
    """A utilisation: up, but on the side of every line on which it was decided to be."""
    for digits in range(places, MOST_DIGITS):
        text = up(number, digits)
        if all(_side(Fraction(text), line) == _side(number, line) for line in lines):
            return text
    return up(number, MOST_DIGITS)


def _side(left: Fraction, right: Fraction) -> int:
    return (left > right) - (left < right)


@dataclass(frozen=True, slots=True)
class ShownRisk:
    equity: Decimal
    initial: Decimal
    maintenance: Decimal
    house: Decimal


def risk(exact: Risk, places: int = 2) -> ShownRisk:
    """Equity and requirements of one pool, in relations as they were decided."""
    for digits in range(places, MOST_DIGITS):
        equity = down(exact.equity, digits)
        initial, maintenance, house = (
            equity if requirement == exact.equity else up(requirement, digits)
            for requirement in (exact.initial, exact.maintenance, exact.house)
        )
        found = ShownRisk(equity, initial, maintenance, house)
        if _relations(_as_risk(found)) == _relations(exact):
            return found
    return found


def _as_risk(shown: ShownRisk) -> Risk:
    return Risk(
        *(Fraction(figure) for figure in (shown.equity, shown.initial, shown.maintenance, shown.house))
    )


def _relations(found: Risk) -> tuple[int, ...]:
    """Which side of each requirement the equity is on, and whether there is a buffer between the two."""
    return (
        _side(found.equity, found.initial),
        _side(found.equity, found.maintenance),
        _side(found.equity, found.house),
        _side(found.house, found.maintenance),
    )
