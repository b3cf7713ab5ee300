"""The parts of a pool as curves: profit, requirement and collateral while prices move by a shock s.

Takes one instrument's positions or one balance, and how its prices answer to s; gives curves whose pieces
carry the tier that owns the size *there*, not the one that owns it today. At s = 0 every curve equals what
`valuation` and `pools` compute.
"""

from dataclasses import dataclass

from margin.engine.curves import Form, Piece, nearest
from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts, Schedule
from margin.engine.types import ONE, ZERO, Instrument, Kind


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A price start + slope*s; below zero it stays at zero unless it may be negative."""

    start: Fraction
    slope: Fraction
    may_be_negative: bool = False

    @property
    def relative(self) -> Fraction:
        """The slope as a share of the price."""
        return self.slope / self.start

    def piece(self, s: Fraction, direction: int) -> tuple[Fraction, Fraction, Fraction | None]:
        """Constant and slope that hold just beyond s, and where they end."""
        if not self.slope or self.may_be_negative:
            return self.start, self.slope, None
        zero = -self.start / self.slope
        if _is_ahead(zero, s, direction):
            return self.start, self.slope, zero
        if self.start + self.slope * s <= 0:
            return ZERO, ZERO, None
        return self.start, self.slope, None


def _is_ahead(point: Fraction, s: Fraction, direction: int) -> bool:
    return (point - s) * direction > 0


def _sign(number: Fraction) -> int:
    return (number > 0) - (number < 0)


@dataclass(frozen=True, slots=True)
class Profit:
    """(A*m - B)*x, inverse (B - A/m)*x: A = c*sum(q), B = c*sum(q*e), inverse c*sum(q/e)."""

    kind: Kind
    quantity: Fraction
    entries: Fraction
    mark: PriceLine
    rate: PriceLine

    def piece(self, s: Fraction, direction: int) -> Piece:
        rate, rate_slope, rate_end = self.rate.piece(s, direction)
        if self.kind is Kind.INVERSE:
            form = Form(self.entries * rate, self.entries * rate_slope)
            if rate:
                factor = -self.quantity * rate / self.mark.start
                form += _ratio(factor, rate_slope / rate, self.mark.relative)
            return form, rate_end
        mark, mark_slope, mark_end = self.mark.piece(s, direction)
        constant, slope = self.quantity * mark - self.entries, self.quantity * mark_slope
        return _product(constant, slope, rate, rate_slope), nearest((mark_end, rate_end), direction)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One leg: n*(mmr + fee) - d, in base currency, with the tier that owns n. `quantity` is |q|*c."""

    instrument: Instrument
    quantity: Fraction
    mark: PriceLine
    rate: PriceLine

    def piece(self, s: Fraction, direction: int) -> Piece:
        rate, rate_slope, rate_end = self.rate.piece(s, direction)
        if self.instrument.kind is Kind.INVERSE:
            return self._inverse(s, direction, rate, rate_slope, rate_end)
        unit, unit_slope, unit_end = self._unit(s, direction)
        size, size_slope = self.quantity * unit, self.quantity * unit_slope
        now, growth = size + size_slope * s, _sign(size_slope) * direction
        schedule = self.instrument.schedule
        tier, edges = _tier(schedule, now, growth)
        ends = [s + (edge - now) / size_slope for edge in edges]
        charge, deduction = _charge(schedule, tier, now, growth)
        constant = size * charge - deduction if deduction else size * charge
        form = _product(constant, size_slope * charge, rate, rate_slope)
        return form, nearest((unit_end, rate_end, *ends), direction)

    def _unit(self, s: Fraction, direction: int) -> tuple[Fraction, Fraction, Fraction | None]:
        """max(|m|, f), as the straight line that holds just beyond s."""
        mark, slope, end = self.mark.piece(s, direction)
        if not self.mark.may_be_negative or not slope:
            price = abs(mark)
            return (max(price, self._floor), ZERO, end) if not slope else (mark, slope, end)
        now = mark + slope * s
        zero, width = -mark / slope, abs(self._floor / slope)
        kinks = [kink for kink in (zero - width, zero, zero + width) if _is_ahead(kink, s, direction)]
        end = nearest(kinks, direction)
        sign = _sign(now) or _sign(slope) * direction
        inside = abs(now) < self._floor or (abs(now) == self._floor and sign * slope * direction < 0)
        return (self._floor, ZERO, end) if inside else (sign * mark, sign * slope, end)

    @property
    def _floor(self) -> Fraction:
        return self.instrument.reference_price if self.instrument.allow_negative else ZERO

    def _inverse(
        self, s: Fraction, direction: int, rate: Fraction, rate_slope: Fraction, rate_end: Fraction | None
    ) -> Piece:
        """n = |q|*c/m grows as the mark falls; the tier's edges are marks."""
        now = self.quantity / (self.mark.start + self.mark.slope * s)
        growth = -_sign(self.mark.slope) * direction
        schedule = self.instrument.schedule
        tier, edges = _tier(schedule, now, growth)
        ends = [(self.quantity / edge - self.mark.start) / self.mark.slope for edge in edges if edge]
        charge, deduction = _charge(schedule, tier, now, growth)
        form = Form(-deduction * rate, -deduction * rate_slope)
        if rate:
            factor = charge * self.quantity * rate / self.mark.start
            form += _ratio(factor, rate_slope / rate, self.mark.relative)
        return form, nearest((rate_end, *ends), direction)


def _tier(schedule: Schedule, size: Fraction, growth: int) -> tuple[int, list[Fraction]]:
    """The tier just beyond this size, and the size at which it (or its clamp at zero) ends."""
    tier = schedule.tier_of(size)
    if growth < 0 and tier and size == schedule.floors[tier]:
        tier -= 1
    edges = []
    if growth > 0 and tier + 1 < len(schedule.floors):
        edges.append(schedule.floors[tier + 1])
    if growth < 0 and tier:
        edges.append(schedule.floors[tier])
    if schedule.has_own_amounts:
        free_until = schedule.deductions[tier] / schedule.charges[tier]
        if (free_until - size) * growth > 0:
            edges.append(free_until)
    return tier, edges


def _charge(schedule: Schedule, tier: int, size: Fraction, growth: int) -> tuple[Fraction, Fraction]:
    """Rate and deduction; a venue's own amount may exceed the charge on small sizes: then nothing is due."""
    charge, deduction = schedule.charges[tier], schedule.deductions[tier]
    if not schedule.has_own_amounts:
        return charge, deduction
    due = size * charge - deduction
    return (ZERO, ZERO) if due < 0 or (due == 0 and growth < 0) else (charge, deduction)


def _product(constant: Fraction, slope: Fraction, rate: Fraction, rate_slope: Fraction) -> Form:
    """(constant + slope*s) * (rate + rate_slope*s)."""
    if not rate_slope:
        return Form(constant, slope) if rate == 1 else Form(constant * rate, slope * rate)
    return Form(constant * rate, constant * rate_slope + slope * rate, slope * rate_slope)


def _ratio(factor: Fraction, above: Fraction, below: Fraction) -> Form:
    """factor * (1 + above*s) / (1 + below*s), as a constant, a slope or a pole."""
    if above == below:
        return Form(factor)
    if not below:
        return Form(factor, factor * above)
    return Form(factor * above / below, poles=((below, factor * (ONE - above / below)),))


@dataclass(frozen=True, slots=True)
class Recognised:
    """What an owned balance counts for after its marginal haircuts."""

    haircuts: Haircuts
    amount: Fraction
    price: PriceLine

    def piece(self, s: Fraction, direction: int) -> Piece:
        price, price_slope, end = self.price.piece(s, direction)
        value, slope = self.amount * price, self.amount * price_slope
        now = value + slope * s
        tier = self.haircuts.tier_of(now)
        floors, growth = self.haircuts.floors, _sign(slope) * direction
        if growth < 0 and tier and now == floors[tier]:
            tier -= 1
        edge = tier + 1 if growth > 0 else tier
        kink = s + (floors[edge] - now) / slope if growth and 0 < edge < len(floors) else None
        counted = ONE - self.haircuts.tiers[tier].rate
        offset = self.haircuts.offsets[tier]
        return Form(value * counted + offset, slope * counted), nearest((end, kink), direction)


@dataclass(frozen=True, slots=True)
class Straight:
    """A price times an amount: a debt, or what it requires."""

    amount: Fraction
    price: PriceLine

    def piece(self, s: Fraction, direction: int) -> Piece:
        price, slope, end = self.price.piece(s, direction)
        return Form(self.amount * price, self.amount * slope), end
