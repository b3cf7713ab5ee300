"""Figures along a line: what equity and requirement become while prices move together by a shock s.

Takes how each part of a pool answers to s; gives, piece by piece from s = 0 outwards, the formula that holds
until the next kink (a tier's floor, a price at zero, the other leg becoming the dearer). The first kink-free
stretch in which a sum of parts falls below zero holds the answer, so no root is missed and none is guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from margin.engine.rational import Fraction
from margin.engine.roots import first_below, times

_ZERO = Fraction(0)
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Form:
    """constant + slope*s + square*s^2 + the sum of c/(1 + b*s) over `poles` (b, c), which 1/m brings."""

    constant: Fraction = _ZERO
    slope: Fraction = _ZERO
    square: Fraction = _ZERO
    poles: tuple[tuple[Fraction, Fraction], ...] = ()

    @property
    def is_straight(self) -> bool:
        return not self.poles and not self.square

    def __add__(self, other: "Form") -> "Form":
        poles = self.poles
        if other.poles:
            merged = dict(poles)
            for b, c in other.poles:
                merged[b] = merged.get(b, _ZERO) + c
            poles = tuple((b, c) for b, c in merged.items() if c)
        return Form(
            self.constant + other.constant, self.slope + other.slope, self.square + other.square, poles
        )

    def scaled(self, factor: Fraction) -> "Form":
        return Form(
            self.constant * factor,
            self.slope * factor,
            self.square * factor,
            tuple((b, c * factor) for b, c in self.poles),
        )

    def at(self, s: Fraction) -> Fraction:
        value = self.constant + self.slope * s
        if self.square:
            value += self.square * s * s
        return value + sum((c / (1 + b * s) for b, c in self.poles), _ZERO)

    def first_below(self, start: Fraction, end: Fraction | None, direction: int) -> Fraction | None:
        """The first point from start on, before `end`, after which the value is negative."""
        if not self.is_straight:
            return first_below(self._numerator(), start, end, direction)
        value = self.constant + self.slope * start
        if value < 0:
            return start
        fall = self.slope * direction
        if fall >= 0:
            return None
        root = start - value / self.slope
        return root if end is None or (end - root) * direction > 0 else None

    def _numerator(self) -> list[Fraction]:
        """The same sign as the value wherever every 1 + b*s is positive, which is where prices live."""
        whole: list[Fraction] = [self.constant, self.slope, self.square]
        for b, _ in self.poles:
            whole = times(whole, [_ONE, b])
        for b, c in self.poles:
            part = [c]
            for other, _ in self.poles:
                if other != b:
                    part = times(part, [_ONE, other])
            whole = [v + (part[i] if i < len(part) else _ZERO) for i, v in enumerate(whole)]
        return whole


Piece = tuple[Form, Fraction | None]


class Curve(Protocol):
    """Something that depends on the shock."""

    def piece(self, s: Fraction, direction: int) -> Piece:
        """The formula that holds just beyond s in this direction, and the next kink, if any."""


@dataclass(frozen=True, slots=True)
class Larger:
    """The larger of two curves: the dearer leg of a hedge."""

    one: Curve
    other: Curve

    def piece(self, s: Fraction, direction: int) -> Piece:
        (first, first_end), (second, second_end) = (
            self.one.piece(s, direction),
            self.other.piece(s, direction),
        )
        end = nearest((first_end, second_end), direction)
        lead = first + second.scaled(-_ONE)
        if lead.first_below(s, end, direction) == s:
            first, lead = second, lead.scaled(-_ONE)
        crossing = lead.first_below(s, end, direction)
        return first, end if crossing is None else crossing


@dataclass(frozen=True, slots=True)
class Sum:
    """Weighted curves plus a constant."""

    constant: Fraction
    parts: tuple[tuple[Fraction, Curve], ...]

    def piece(self, s: Fraction, direction: int) -> Piece:
        form, ends = Form(self.constant), []
        for weight, curve in self.parts:
            part, end = curve.piece(s, direction)
            form += part if weight == 1 else part.scaled(weight)
            ends.append(end)
        return form, nearest(ends, direction)


def nearest(ends: Iterable[Fraction | None], direction: int) -> Fraction | None:
    """The first of these points one comes to, if there is any."""
    found = None
    for end in ends:
        if end is not None and (found is None or (end < found if direction > 0 else end > found)):
            found = end
    return found


def first_fall(curve: Curve, direction: int, limit: Fraction | None) -> Fraction | None:
    """The first s from 0 in this direction beyond which the curve is negative, before the limit."""
    s = _ZERO
    while True:
        form, kink = curve.piece(s, direction)
        end = nearest((kink, limit), direction)
        found = form.first_below(s, end, direction)
        if found is not None:
            return found
        if end is None or end == limit:
            return None
        s = end
