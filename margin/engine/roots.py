"""Where a polynomial first falls below zero.

Takes coefficients (constant first) and a stretch of the line; gives the first point after which the value is
negative. Roots of straight lines, and rational ones of quadratics, are exact; any other is given to more
digits than any figure shows.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

from margin.engine.rational import Fraction

_ZERO = Fraction(0)
_SQUARE_ROOT_BITS = 400
_BISECTIONS = 200

Polynomial = Sequence[Fraction]


def value_at(polynomial: Polynomial, s: Fraction) -> Fraction:
    total = _ZERO
    for coefficient in reversed(polynomial):
        total = total * s + coefficient
    return total


def times(left: Polynomial, right: Polynomial) -> list[Fraction]:
    product = [_ZERO] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return product


def first_below(
    polynomial: Polynomial, start: Fraction, end: Fraction | None, direction: int
) -> Fraction | None:
    """The first point from `start` towards `end` (None: for ever) after which the value is negative."""
    stops = [start, *sorted(_roots_between(polynomial, start, end, direction), key=lambda r: direction * r)]
    for this, following in zip(stops, [*stops[1:], end], strict=True):
        beyond = this + direction if following is None else (this + following) / 2
        if value_at(polynomial, beyond) < 0:
            return this
    return None


def _roots_between(
    polynomial: Polynomial, start: Fraction, end: Fraction | None, direction: int
) -> list[Fraction]:
    """Roots strictly between; those at the ends are found from the sign beside them."""
    trimmed = list(polynomial)
    while trimmed and trimmed[-1] == 0:
        trimmed.pop()
    if len(trimmed) < 2:
        return []
    far = end
    if far is None:
        far = start + direction * (1 + abs(start) + max(abs(c / trimmed[-1]) for c in trimmed[:-1]))
    low, high = min(start, far), max(start, far)
    return [root for root in _real_roots(trimmed, low, high) if low < root < high]


def _real_roots(polynomial: list[Fraction], low: Fraction, high: Fraction) -> list[Fraction]:
    degree = len(polynomial) - 1
    if degree == 1:
        return [-polynomial[0] / polynomial[1]]
    if degree == 2:
        return _quadratic_roots(*polynomial)
    slope = [coefficient * power for power, coefficient in enumerate(polynomial)][1:]
    turns = [turn for turn in _real_roots(slope, low, high) if low < turn < high]
    stops = [low, *sorted(turns), high]
    found = [_bisect(polynomial, a, b) for a, b in pairwise(stops)]
    return [root for root in found if root is not None]


def _quadratic_roots(c: Fraction, b: Fraction, a: Fraction) -> list[Fraction]:
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return []
    root = square_root(discriminant)
    # The larger sum first, the other from the product of roots: no digits are lost to cancellation.
    larger = -b - root if b > 0 else -b + root
    if larger == 0:
        return [_ZERO]
    return [larger / (2 * a), 2 * c / larger]


def square_root(number: Fraction) -> Fraction:
    """Exact where a fraction can state it, else to some hundred binary digits."""
    product = number.numerator * number.denominator
    scaled = isqrt(product << (2 * _SQUARE_ROOT_BITS))
    return Fraction(scaled, number.denominator << _SQUARE_ROOT_BITS)


def _bisect(polynomial: list[Fraction], low: Fraction, high: Fraction) -> Fraction | None:
    """The one root of a stretch without turns, None if there is none."""
    at_low, at_high = value_at(polynomial, low), value_at(polynomial, high)
    if at_low * at_high > 0:
        return None
    for _ in range(_BISECTIONS):
        if at_low == 0:
            return low
        middle = (low + high) / 2
        at_middle = value_at(polynomial, middle)
        if (at_low > 0) == (at_middle > 0):
            low, at_low = middle, at_middle
        else:
            high = middle
    return low
