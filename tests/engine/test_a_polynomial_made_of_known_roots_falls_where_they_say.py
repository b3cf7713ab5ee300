"""Where a polynomial first falls below zero: worked by hand, and of polynomials made of known roots."""

from itertools import combinations, pairwise
from math import prod
from random import Random

import pytest

from margin.engine.rational import Fraction
from margin.engine.roots import first_below, square_root, times, value_at

CLOSE = Fraction(1, 10**40)


def numbers(*given):
    return [Fraction(number) for number in given]


@pytest.mark.parametrize(
    ("polynomial", "s", "value"), [((3,), 9, 3), ((1, 2), 3, 7), ((1, -2, 5), -2, 25), ((), 4, 0)]
)
def test_a_polynomial_is_given_by_its_coefficients_constant_first(polynomial, s, value):
    assert value_at(numbers(*polynomial), Fraction(s)) == value


@pytest.mark.parametrize(
    ("left", "right", "product"),
    [((2,), (3,), (6,)), ((1, 2), (3, 4), (3, 10, 8)), ((1, 1, 1), (-1, 1), (-1, 0, 0, 1))],
)
def test_a_product_is_multiplied_out(left, right, product):
    assert times(numbers(*left), numbers(*right)) == numbers(*product)


@pytest.mark.parametrize(
    ("polynomial", "start", "end", "direction", "falls_at"),
    [
        ((), 0, None, 1, None),  # nothing is never negative
        ((0, 0), 0, 5, 1, None),
        ((-1,), 2, None, 1, 2),  # negative at once: where one stands
        ((1, -1), 0, None, 1, 1),  # 1 - s
        ((1, -1), 0, None, -1, None),
        ((1, -1), 0, 1, 1, None),  # at the end itself nothing has fallen yet
        ((1, -1), 0, "1.01", 1, 1),
        ((1, -1), 1, 5, 1, 1),  # on the line, and falling
        ((1, -1), 1, -5, -1, None),  # on the line, and rising
        ((1, 1), 0, None, -1, -1),
        ((2, -3, 1), 0, None, 1, 1),  # (s - 1)(s - 2)
        ((2, -3, 1), 2, None, 1, None),
        ((2, -3, 1), 3, None, -1, 2),
        ((1, -2, 1), 0, None, 1, None),  # (s - 1)^2 only touches zero
        ((-1, 2, -1), 0, None, 1, 0),
        (
            (0, 3, -1),
            0,
            None,
            1,
            3,
        ),  # s (3 - s): one root is zero, where a cancelled sum would lose the other
        ((0, 3, -1), 3, None, -1, 0),
        ((0, -3, 1), 4, None, -1, 3),
        ((0, "0.5", 1), 1, None, -1, 0),
        ((0, "0.5", 1), -1, None, 1, "-0.5"),
        ((0, 0, 1), -1, None, 1, None),
        (("0.06", "-0.5", 1), 0, None, 1, "0.2"),  # two roots a tenth apart
        ((1, 0, 1), 0, None, 1, None),  # no root at all
        ((1, "99.99", -1), 0, None, 1, 100),  # far out: (100 - s)(s + 0.01)
        (("0.01", "0.9999", "-0.01"), 0, None, 1, 100),  # the same, hundred times as flat
        ((6, -11, 6, -1), 0, None, 1, 1),  # (1 - s)(s - 2)(s - 3)
        ((-6, 11, -6, 1), "1.5", None, 1, 2),  # (s - 1)(s - 2)(s - 3) between its roots
        ((-6, 11, -6, 1), 4, None, -1, 3),
        ((0, 0, 0, -1), -4, None, 1, 0),  # a root of three
        ((0, 0, 0, 1), 4, None, -1, 0),
    ],
)
def test_the_first_fall_worked_by_hand(polynomial, start, end, direction, falls_at):
    found = first_below(
        numbers(*polynomial), Fraction(start), None if end is None else Fraction(end), direction
    )
    assert found is falls_at is None or abs(found - Fraction(falls_at)) < CLOSE


def made_of(lead, roots):
    """The coefficients by the sums of products of roots (Vieta), constant first."""
    count = len(roots)
    return [
        lead
        * (-1) ** k
        * sum((prod(chosen, start=Fraction(1)) for chosen in combinations(roots, k)), Fraction(0))
        for k in range(count, -1, -1)
    ]


def falls_where_the_roots_say(lead, roots, start, end, direction):
    """From root to root outwards, by the signs of the factors."""
    ahead = sorted({r for r in roots if (r - start) * direction > 0}, key=lambda r: r * direction)
    if end is not None:
        ahead = [r for r in ahead if (end - r) * direction > 0]
    last = ahead[-1] if ahead else start
    stops = [start, *ahead, last + direction if end is None else end]
    for this, following in pairwise(stops):
        middle = (this + following) / 2
        if lead * prod((middle - r for r in roots), start=Fraction(1)) < 0:
            return this
    return None


@pytest.mark.parametrize("seed", range(8))
def test_of_known_roots_the_first_where_the_sign_turns_down_is_found(seed):
    rnd = Random(seed)
    for _ in range(10):
        roots = [Fraction(rnd.randint(-30, 30), rnd.choice([1, 3, 7, 10])) for _ in range(rnd.randint(0, 4))]
        roots += roots[:1] * rnd.choice([0, 0, 1])
        lead, direction = rnd.choice(numbers(1, -1, 3, "-0.01")), rnd.choice([1, -1])
        start = rnd.choice([Fraction(0), Fraction(rnd.randint(-30, 30), 3), *roots])
        end = rnd.choice([None, start + direction * rnd.randint(1, 40)])
        wanted = falls_where_the_roots_say(lead, roots, start, end, direction)
        found = first_below(made_of(lead, roots), start, end, direction)
        if wanted is None or len(roots) <= 2:
            assert found == wanted, (lead, roots, start, end, direction)
        else:
            assert found is not None, (lead, roots, start, end, direction)
            assert abs(found - wanted) < CLOSE, (lead, roots, start, end, direction)


@pytest.mark.parametrize("a", numbers(1, 7, "0.0003", 10**30))
def test_two_roots_that_no_fraction_can_state_are_given_to_a_hundred_digits(a):
    """a (s^2 - 2 b s + c): from the left at b - sqrt(b^2 - c), from the right at b + sqrt(b^2 - c)."""
    for b, c in (numbers(3, 2), numbers(-3, 2), numbers(10**20, 2), numbers("0.01", "-2")):
        low = first_below([a * c, -2 * a * b, a], b - 10**21, None, 1)
        high = first_below([a * c, -2 * a * b, a], b + 10**21, None, -1)
        for root in (low, high):
            assert abs((root - b) ** 2 / (b * b - c) - 1) < Fraction(1, 10**100)
        assert low < b < high


def test_four_roots_that_no_fraction_can_state_are_found_in_order():
    """(s^2 - 2)(s^2 - 3)."""
    polynomial = times(numbers(-2, 0, 1), numbers(-3, 0, 1))
    for start, direction, square, sign in ((0, 1, 2, 1), (0, -1, 2, -1), (-9, 1, 3, -1), (9, -1, 3, 1)):
        found = first_below(polynomial, Fraction(start), None, direction)
        assert abs(found * found - square) < CLOSE
        assert found * sign > 0


@pytest.mark.parametrize("number", ["4", "0", "2.25", "1/9", "1000000000000000000000000000000"])
def test_a_square_has_its_root_exactly(number):
    root = square_root(Fraction(number))
    assert root * root == Fraction(number)


@pytest.mark.parametrize("number", [2, "0.3", "1/7", 3 * 10**80, 2 * 10**250, "0.0000000000000000000002"])
def test_any_other_root_is_given_to_a_hundred_digits(number):
    root = square_root(Fraction(number))
    assert abs(root * root / Fraction(number) - 1) < Fraction(1, 10**118)
