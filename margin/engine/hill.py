"""The common case of a shocked pool: one hill, whose fall is found from its tangents.

Takes a measured pool in which rates only rise and prices move in straight lines without coming to rest; then
the distance above a line is concave in the shock, and each side has at most one fall. Everything starts from
figures already computed: profit changes by the net exposure, sizes grow in proportion. Gives None where the
pool is not such a hill (1/m, moving currencies, falling haircuts, a venue's own amounts, caps, prices through
zero); `curves` then looks piece by piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from margin.engine.pools import terms_of
from margin.engine.rational import Fraction
from margin.engine.risk import Line
from margin.engine.shocked import MeasuredPool, Movement
from margin.engine.tiers import Haircuts, Schedule
from margin.engine.types import ONE, ZERO, Instrument, Kind, Offsets, house_factor, total_of

FAR = Fraction(10**100)

Tangent = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg's charge in units of the line: rate*(n*charge - d) with n = size + growth*s."""

    schedule: Schedule
    size: Fraction
    growth: Fraction
    rate: Fraction

    def tangent(self, s: Fraction) -> Tangent:
        schedule = self.schedule
        tier = schedule.tier_of(self.size + self.growth * s) if len(schedule.floors) > 1 else 0
        charge = schedule.charges[tier] if self.rate == 1 else schedule.charges[tier] * self.rate
        constant = self.size * charge
        if tier:
            constant -= schedule.deductions[tier] * self.rate
        return constant, constant if self.growth is self.size and not tier else self.growth * charge


@dataclass(frozen=True, slots=True)
class Counted:
    """What a moving balance counts for after haircuts."""

    haircuts: Haircuts
    value: Fraction
    growth: Fraction
    weight: Fraction

    def tangent(self, s: Fraction) -> Tangent:
        tier = self.haircuts.tier_of(self.value + self.growth * s)
        counted = (ONE - self.haircuts.tiers[tier].rate) * self.weight
        return self.value * counted + self.haircuts.offsets[tier] * self.weight, self.growth * counted


@dataclass(frozen=True, slots=True)
class Hill:
    """constant + slope*s + what moving collateral counts - the dearest leg of each group."""

    constant: Fraction
    slope: Fraction
    groups: tuple[tuple[Leg, ...], ...]
    collateral: tuple[Counted, ...]

    def tangent(self, s: Fraction) -> Tangent:
        constant, slope = self.constant, self.slope
        for counted in self.collateral:
            added, added_slope = counted.tangent(s)
            constant, slope = constant + added, slope + added_slope
        for legs in self.groups:
            charges = [leg.tangent(s) for leg in legs]
            charge = charges[0] if len(charges) == 1 else max(charges, key=lambda c: c[0] + c[1] * s)
            constant, slope = constant - charge[0], slope - charge[1]
        return constant, slope

    def fall(self, direction: int, limit: Fraction | None) -> Fraction | None:
        """Where it falls below zero on this side, before the limit; it is not below zero at 0.

        A tangent lies above the hill, so from beyond the fall its root is the fall or between it and where
        one stands. Every step leaves a piece for good: there are no more steps than pieces.
        """
        constant, slope = self.tangent(direction * FAR if limit is None else limit)
        if slope * direction >= 0 if limit is None else constant + slope * limit >= 0:
            return None
        while True:
            root = -constant / slope
            constant, slope = self.tangent(root)
            if not constant + slope * root:
                return root


def hill_along(measured: MeasuredPool, movement: Movement, line: Line) -> Hill | None:
    """The pool's distance above the line, if it is a hill for every s from -100 % on."""
    if movement.settlements or not _moves_plainly(measured, movement):
        return None
    collateral = _collateral(measured, movement, line)
    if collateral is None:
        return None
    balances, slope = collateral
    constant = line.above(measured.risk) - total_of(c.tangent(ZERO)[0] for c in balances)
    for row in measured.figures.positions:
        share = movement.marks.get(row.instrument)
        if share and row.exposure is not None:
            slope += _times(share, _times(line.equity, row.exposure))
    groups = []
    for group, charged in _groups(measured, movement, line):
        groups.append(group)
        constant += charged
    return Hill(constant, slope, tuple(groups), balances)


def _times(weight: Fraction, number: Fraction) -> Fraction:
    return number if weight == 1 else weight * number


def _moves_plainly(measured: MeasuredPool, movement: Movement) -> bool:
    for code, positions in measured.pool.by_instrument.items():
        share = movement.marks.get(code)
        if share and not _is_plain(positions[0].instrument, share, measured.prices.marks[code]):
            return False
    return True


def _is_plain(instrument: Instrument, share: Fraction, mark: Fraction) -> bool:
    straight = instrument.kind is Kind.LINEAR and not instrument.reference_price
    return straight and not instrument.schedule.has_own_amounts and mark > 0 and 0 < share <= 1


def _groups(
    measured: MeasuredPool, movement: Movement, line: Line
) -> Iterator[tuple[tuple[Leg, ...], Fraction]]:
    """Legs that are charged together, and what they are charged today, in units of the line."""
    hedged = measured.policy.offsets is Offsets.HEDGE
    by_code: dict[str, list[tuple[Leg, Fraction]]] = {}
    for leg in measured.figures.legs:
        share = movement.marks.get(leg.instrument)
        if not share:
            continue
        instrument = measured.pool.by_instrument[leg.instrument][0].instrument
        weight = line.maintenance
        if line.house:
            weight += line.house * house_factor(measured.account.buffer, instrument.buffer)
        if weight:
            growth = leg.size if share == 1 else leg.size * share
            rate = _times(weight, measured.prices.rate_of(instrument))
            priced = Leg(instrument.schedule, leg.size, growth, rate)
            by_code.setdefault(leg.instrument, []).append((priced, _times(weight, leg.charged_maintenance)))
    for legs in by_code.values():
        if hedged:
            yield tuple(leg for leg, _ in legs), total_of(charged for _, charged in legs)
        else:
            yield from (((leg,), charged) for leg, charged in legs)


def _collateral(
    measured: MeasuredPool, movement: Movement, line: Line
) -> tuple[tuple[Counted, ...], Fraction] | None:
    """Moving balances that count after haircuts, and the slope of moving debts; None if they make no hill."""
    counted, slope = [], ZERO
    for asset, share in movement.assets.items():
        amount = measured.pool.balances.get(asset, ZERO)
        if not amount or not share:
            continue
        value, terms = amount * measured.prices.rates[asset], terms_of(measured.account, asset)
        if not 0 < share <= 1:
            return None
        if value < 0:
            factor = line.maintenance + line.house * house_factor(measured.account.buffer)
            slope += value * share * (line.equity + factor * terms.liability_maintenance)
            continue
        if asset in measured.account.recognised_caps or not terms.haircuts.only_rise:
            return None
        counted.append(Counted(terms.haircuts, value, value * share, line.equity))
    return tuple(counted), slope
