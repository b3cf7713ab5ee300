"""A whole pool as a curve: how far above a line it is while prices move by a shock s.

Takes a measured pool, how prices answer to the shock, and the line asked about; gives one curve. What does
not move enters as one constant, so a curve costs only as much as what moves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from margin.engine.curves import Curve, Larger, Sum
from margin.engine.figures import PoolFigures
from margin.engine.moving import Maintenance, PriceLine, Profit, Recognised, Straight
from margin.engine.pools import Pool, terms_of
from margin.engine.rational import Fraction
from margin.engine.risk import Line, Risk
from margin.engine.types import (
    ONE,
    ZERO,
    Account,
    Instrument,
    Kind,
    Offsets,
    Policy,
    Position,
    Prices,
    house_factor,
    total_of,
)

Weighted = tuple[Fraction, Curve]
MINUS_ONE = -ONE


@dataclass(frozen=True, slots=True)
class Movement:
    """How prices answer to s: marks m + share*s*|m|, collateral and settlement rates likewise.

    `of` names the instrument whose own price is asked for, if any; from a mark of zero it moves by s.
    """

    marks: Mapping[str, Fraction] = field(default_factory=dict)
    assets: Mapping[str, Fraction] = field(default_factory=dict)
    settlements: Mapping[str, Fraction] = field(default_factory=dict)
    of: str = ""

    def line(self, instrument: Instrument, mark: Fraction) -> PriceLine:
        """The instrument's mark along the shock."""
        size = abs(mark)
        if not size and instrument.code == self.of:
            size = ONE
        return PriceLine(mark, self.marks.get(instrument.code, ZERO) * size, instrument.may_be_negative)

    def ends_at_zero(self, instrument: Instrument) -> bool:
        """The instrument asked about must keep a price, and 1/m has none at zero; others rest at zero."""
        if instrument.kind is Kind.INVERSE:
            return True
        return instrument.code == self.of and not instrument.allow_negative


@dataclass(frozen=True, slots=True)
class MeasuredPool:
    """One pool with the prices it was measured at and what it then came to."""

    account: Account
    policy: Policy
    pool: Pool
    figures: PoolFigures
    prices: Prices
    risk: Risk
    before: tuple[Pool, ...] = ()


def line_along(measured: MeasuredPool, movement: Movement, line: Line) -> Sum:
    """The pool's distance above the line, as a curve; exactly today's value at s = 0."""
    parts = [*_instruments(measured, movement, line), *_collateral(measured, movement, line)]
    moving = total_of(weight * curve.piece(ZERO, 1)[0].at(ZERO) for weight, curve in parts)
    return Sum(line.above(measured.risk) - moving, tuple(parts))


def domain(measured: MeasuredPool, movement: Movement) -> tuple[Fraction | None, Fraction | None]:
    """How far s can go down and up: a price that must stay above zero ends it where it would reach zero."""
    zeros: list[Fraction] = []
    for code, positions in measured.pool.by_instrument.items():
        line = movement.line(positions[0].instrument, measured.prices.marks[code])
        if line.slope and movement.ends_at_zero(positions[0].instrument):
            zeros.append(-line.start / line.slope)
    low = max((zero for zero in zeros if zero < 0), default=None)
    high = min((zero for zero in zeros if zero > 0), default=None)
    return low, high


def _instruments(measured: MeasuredPool, movement: Movement, line: Line) -> Iterator[Weighted]:
    """Profit and legs of what moves, in units of the line: its weights are taken into the settlement rate."""
    for code, positions in measured.pool.by_instrument.items():
        instrument = positions[0].instrument
        mark = movement.line(instrument, measured.prices.marks[code])
        drift = movement.settlements.get(code, ZERO)
        if not mark.slope and not drift:
            continue
        start = measured.prices.rate_of(instrument)
        yield ONE, _profit(instrument, positions, mark, _weighted(line.equity, start, drift))
        requirement = line.maintenance
        if line.house:
            requirement += line.house * house_factor(measured.account.buffer, instrument.buffer)
        if requirement:
            rate = _weighted(requirement, start, drift)
            for curve in _legs(instrument, positions, mark, rate, measured.policy):
                yield MINUS_ONE, curve


def _weighted(weight: Fraction, start: Fraction, drift: Fraction) -> PriceLine:
    value = start if weight == 1 else start * weight
    return PriceLine(value, value * drift if drift else ZERO)


def _profit(
    instrument: Instrument, positions: tuple[Position, ...], mark: PriceLine, rate: PriceLine
) -> Profit:
    size, inverse = instrument.contract_size, instrument.kind is Kind.INVERSE
    quantity = total_of(p.quantity for p in positions)
    entries = total_of(
        p.quantity / p.entry_price if inverse else p.quantity * p.entry_price for p in positions
    )
    return Profit(instrument.kind, size * quantity, size * entries, mark, rate)


def _legs(
    instrument: Instrument,
    positions: tuple[Position, ...],
    mark: PriceLine,
    rate: PriceLine,
    policy: Policy,
) -> list[Curve]:
    size = instrument.contract_size
    long = size * total_of(p.quantity for p in positions if p.quantity > 0)
    short = size * total_of(-p.quantity for p in positions if p.quantity < 0)
    legs: list[Curve] = [
        Maintenance(instrument, quantity, mark, rate) for quantity in (long, short) if quantity
    ]
    if policy.offsets is Offsets.HEDGE and len(legs) == 2:
        return [Larger(*legs)]
    return legs


def _collateral(measured: MeasuredPool, movement: Movement, line: Line) -> Iterator[Weighted]:
    account = measured.account
    for asset, amount in measured.pool.balances.items():
        drift = movement.assets.get(asset, ZERO)
        if not drift:
            continue
        start = measured.prices.rates[asset]
        price = PriceLine(start, start * drift)
        if amount > 0:
            yield line.equity, _recognised(measured, asset, amount, price)
            continue
        yield line.equity, Straight(amount, price)
        factor = line.maintenance + line.house * house_factor(account.buffer)
        yield -factor * terms_of(account, asset).liability_maintenance, Straight(-amount, price)


def _recognised(measured: MeasuredPool, asset: str, amount: Fraction, price: PriceLine) -> Curve:
    """min(own, room): the account's own cap on the asset, less what earlier pools have taken of it."""
    haircuts = terms_of(measured.account, asset).haircuts
    own = Recognised(haircuts, amount, price)
    cap = measured.account.recognised_caps.get(asset)
    if cap is None:
        return own
    taken = [pool.balances.get(asset, ZERO) for pool in measured.before]
    earlier = tuple((-ONE, Recognised(haircuts, before, price)) for before in taken if before > 0)
    room = Larger(Sum(cap, earlier), Sum(ZERO, ()))
    return Sum(ZERO, ((-ONE, Larger(Sum(ZERO, ((-ONE, own),)), Sum(ZERO, ((-ONE, room),)))),))
