"""Exact figures as decimals: whole where they end, else to many digits, to the safe side.

Takes fractions; gives decimals. Requirements round up, equity down, prices and shocks towards now. Where that
would show a relation the decision denies, digits are carried until it holds.
"""

from collections.abc import Sequence
from decimal import Decimal

from margin.engine import shown
from margin.engine.rational import Fraction
from margin.engine.risk import Risk

SIGNIFICANT = 30
MOST_WHOLE_DIGITS = 60
MOST_PLACES = 5_000


def places_of(*numbers: Fraction) -> int:
    """Decimals that write all of these whole, if they end soon, else with enough significant digits."""
    return max((_places(number) for number in numbers), default=0)


def _places(number: Fraction) -> int:
    ending = _ends_after(number.denominator)
    if ending is not None:
        return ending
    size = len(str(abs(number.numerator))) - len(str(number.denominator))
    return max(0, SIGNIFICANT - size)


def _ends_after(denominator: int) -> int | None:
    """How many decimals a fraction in lowest terms has; None if too many, or without end."""
    if 10**MOST_WHOLE_DIGITS % denominator:
        return None
    low, high = 0, MOST_WHOLE_DIGITS
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if 10**middle % denominator else (low, middle)
    return low


def up(number: Fraction | None) -> Decimal | None:
    return None if number is None else shown.up(number, _places(number))


def down(number: Fraction | None) -> Decimal | None:
    return None if number is None else shown.down(number, _places(number))


def towards_zero(number: Fraction | None) -> Decimal | None:
    """A shock: a little nearer than it is, never farther."""
    if number is None:
        return None
    return down(number) if number > 0 else up(number)


def price(number: Fraction | None, mark: Fraction) -> Decimal | None:
    return None if number is None else shown.price(number, mark, _places(number))


def share(number: Fraction | None, lines: Sequence[Fraction]) -> Decimal | None:
    return None if number is None else shown.share(number, lines, _places(number))


def risk(exact: Risk) -> shown.ShownRisk:
    """Equity and requirements of one pool, as they compare."""
    places = places_of(exact.equity, exact.initial, exact.maintenance, exact.house)
    while True:
        found = shown.risk(exact, places)
        told = Risk(*(Fraction(n) for n in (found.equity, found.initial, found.maintenance, found.house)))
        if _relations(told) == _relations(exact) or places > MOST_PLACES:
            return found
        places *= 2


def _relations(found: Risk) -> tuple[int, ...]:
    return tuple(
        (found.equity > other) - (found.equity < other)
        for other in (found.initial, found.maintenance, found.house)
    )
