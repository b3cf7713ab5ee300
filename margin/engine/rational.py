"""The engine's exact number: a rational that never rounds. Named in one place, to be changed in one.

The standard library's, with its own arithmetic said again in single steps: there, every addition or
comparison is three calls and a question to an abstract class, which cost more than the numbers do. The
formulas are the same (Knuth, volume 2, 4.5.1: common divisors before multiplying, since products grow).
"""

from fractions import Fraction as Standard
from math import gcd
from typing import TYPE_CHECKING, Any

__all__ = ["Fraction"]

if TYPE_CHECKING:
    Fraction = Standard
else:

    class Fraction(Standard):
        """In lowest terms, denominator above zero; what is no fraction and no int goes to the base."""

        __slots__ = ()

        def __add__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return _sum(self._numerator, self._denominator, other._numerator, other._denominator)
            if kind is int:
                return _made(self._numerator + other * self._denominator, self._denominator)
            return Standard.__add__(self, other)

        __radd__ = __add__

        def __sub__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return _sum(self._numerator, self._denominator, -other._numerator, other._denominator)
            if kind is int:
                return _made(self._numerator - other * self._denominator, self._denominator)
            return Standard.__sub__(self, other)

        def __rsub__(self, other: Any) -> Any:
            kind = type(other)
            if kind is int or kind is Standard:
                return -self + other
            return Standard.__rsub__(self, other)

        def __mul__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return _product(self._numerator, self._denominator, other._numerator, other._denominator)
            if kind is int:
                return _product(self._numerator, self._denominator, other, 1)
            return Standard.__mul__(self, other)

        __rmul__ = __mul__

        def __truediv__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return _quotient(self._numerator, self._denominator, other._numerator, other._denominator)
            if kind is int:
                return _quotient(self._numerator, self._denominator, other, 1)
            return Standard.__truediv__(self, other)

        def __rtruediv__(self, other: Any) -> Any:
            kind = type(other)
            if kind is int:
                return _quotient(other, 1, self._numerator, self._denominator)
            if kind is Standard:
                return _quotient(other._numerator, other._denominator, self._numerator, self._denominator)
            return Standard.__rtruediv__(self, other)

        def __neg__(self) -> Any:
            return _made(-self._numerator, self._denominator)

        def __pos__(self) -> Any:
            return self

        def __abs__(self) -> Any:
            return self if self._numerator >= 0 else _made(-self._numerator, self._denominator)

        def __lt__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return self._numerator * other._denominator < self._denominator * other._numerator
            if kind is int:
                return self._numerator < self._denominator * other
            return Standard.__lt__(self, other)

        def __gt__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return self._numerator * other._denominator > self._denominator * other._numerator
            if kind is int:
                return self._numerator > self._denominator * other
            return Standard.__gt__(self, other)

        def __le__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return self._numerator * other._denominator <= self._denominator * other._numerator
            if kind is int:
                return self._numerator <= self._denominator * other
            return Standard.__le__(self, other)

        def __ge__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return self._numerator * other._denominator >= self._denominator * other._numerator
            if kind is int:
                return self._numerator >= self._denominator * other
            return Standard.__ge__(self, other)

        def __eq__(self, other: Any) -> Any:
            kind = type(other)
            if kind is Fraction or kind is Standard:
                return self._numerator == other._numerator and self._denominator == other._denominator
            if kind is int:
                return self._numerator == other and self._denominator == 1
            return Standard.__eq__(self, other)

        __hash__ = Standard.__hash__

        def __bool__(self) -> bool:
            return self._numerator != 0

    _new = object.__new__

    def _made(numerator: int, denominator: int) -> Fraction:
        """From lowest terms."""
        made = _new(Fraction)
        made._numerator = numerator
        made._denominator = denominator
        return made

    def _sum(one: int, of_one: int, two: int, of_two: int) -> Fraction:
        if of_one == of_two == 1:
            return _made(one + two, 1)
        common = gcd(of_one, of_two)
        if common == 1:
            return _made(one * of_two + two * of_one, of_one * of_two)
        share = of_one // common
        total = one * (of_two // common) + two * share
        common = gcd(total, common)
        return _made(total // common, share * (of_two // common))

    def _product(one: int, of_one: int, two: int, of_two: int) -> Fraction:
        common = gcd(one, of_two)
        if common > 1:
            one //= common
            of_two //= common
        common = gcd(two, of_one)
        if common > 1:
            two //= common
            of_one //= common
        return _made(one * two, of_one * of_two)

    def _quotient(one: int, of_one: int, two: int, of_two: int) -> Fraction:
        if two == 0:
            raise ZeroDivisionError(f"Fraction({one}, 0)")
        if two < 0:
            two, of_two = -two, -of_two
        return _product(one, of_one, of_two, two)
