"""Schedules: what a position of a given size requires, and what a holding of a given value counts.

Takes tiers; gives the amounts they mean. A tier owns its floor and everything below the next floor. The
deductions make the marginal rates continuous: crossing a floor never jumps the requirement.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from margin.engine.rational import Fraction

_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """From `floor` of notional on: initial and maintenance rate; `amount` is the venue's own deduction."""

    floor: Fraction
    initial_rate: Fraction
    maintenance_rate: Fraction
    amount: Fraction | None = None


@dataclass(frozen=True, slots=True)
class HaircutTier:
    """From `floor` of value on, this share of every further unit does not count."""

    floor: Fraction
    rate: Fraction


def deductions(floors: Sequence[Fraction], rates: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """d_1 = 0, d_k = d_(k-1) + floor_k * (rate_k - rate_(k-1))."""
    found = [_ZERO]
    for k in range(1, len(floors)):
        found.append(found[-1] + floors[k] * (rates[k] - rates[k - 1]))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A versioned margin schedule. `cap` is the largest leg allowed; `fee_rate` the cost of closing out.

    `charges` are maintenance rate and fee; `has_own_amounts`: a venue's deductions differ.
    """

    tiers: tuple[Tier, ...]
    fee_rate: Fraction = _ZERO
    cap: Fraction | None = None
    version: str = ""
    floors: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)
    deductions: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)
    charges: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)
    has_own_amounts: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Works out deductions and charges (maintenance rate + fee) once; a crooked schedule is refused."""
        _refuse_crooked(self)
        floors = tuple(tier.floor for tier in self.tiers)
        computed = deductions(floors, [tier.maintenance_rate for tier in self.tiers])
        own = tuple(d if t.amount is None else t.amount for t, d in zip(self.tiers, computed, strict=True))
        object.__setattr__(self, "floors", floors)
        object.__setattr__(self, "deductions", own)
        charges = tuple(t.maintenance_rate + self.fee_rate for t in self.tiers)
        object.__setattr__(self, "charges", charges)
        object.__setattr__(self, "has_own_amounts", own != computed)

    def tier_of(self, notional: Fraction) -> int:
        """The index of the tier that owns this notional: floor_k <= n < floor_(k+1)."""
        return bisect_right(self.floors, notional) - 1 if len(self.floors) > 1 else 0

    def maintenance(self, notional: Fraction) -> Fraction:
        """max(0, n * rate - d + n * fee), in settlement currency."""
        tier = self.tier_of(notional)
        required = notional * self.charges[tier] - self.deductions[tier]
        return max(_ZERO, required)

    def initial_rate(self, notional: Fraction) -> Fraction:
        return self.tiers[self.tier_of(notional)].initial_rate


@dataclass(frozen=True, slots=True)
class Haircuts:
    """Marginal haircuts of one asset. None given means every unit counts in full."""

    tiers: tuple[HaircutTier, ...] = (HaircutTier(_ZERO, _ZERO),)
    version: str = ""
    floors: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)
    offsets: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)
    only_rise: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        floors = tuple(tier.floor for tier in self.tiers)
        _refuse_unordered(floors)
        if any(not 0 <= tier.rate <= 1 for tier in self.tiers):
            raise ValueError("a haircut lies outside 0 to 1")
        object.__setattr__(self, "floors", floors)
        object.__setattr__(self, "only_rise", all(a.rate <= b.rate for a, b in pairwise(self.tiers)))
        object.__setattr__(self, "offsets", deductions(floors, [tier.rate for tier in self.tiers]))

    def tier_of(self, value: Fraction) -> int:
        return bisect_right(self.floors, value) - 1 if len(self.floors) > 1 else 0

    def recognised(self, value: Fraction) -> Fraction:
        """V - H(V) of a positive value, H(V) = V * h - g. A debt is never cut."""
        if value <= 0:
            return value
        tier = self.tier_of(value)
        return value - (value * self.tiers[tier].rate - self.offsets[tier])


def _refuse_unordered(floors: Sequence[Fraction]) -> None:
    if not floors or floors[0] != 0:
        raise ValueError("the first floor is not 0")
    if any(low >= high for low, high in pairwise(floors)):
        raise ValueError("the floors do not rise")


def _refuse_crooked(schedule: Schedule) -> None:
    tiers = schedule.tiers
    _refuse_unordered([tier.floor for tier in tiers])
    for rates in ([t.initial_rate for t in tiers], [t.maintenance_rate for t in tiers]):
        if any(not 0 < rate <= 1 for rate in rates):
            raise ValueError("a rate lies outside (0, 1]")
        if any(low > high for low, high in pairwise(rates)):
            raise ValueError("the rates fall from one tier to the next")
    if schedule.fee_rate < 0:
        raise ValueError("the fee rate is negative")
