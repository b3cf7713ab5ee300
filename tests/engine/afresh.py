"""A pool valued afresh at moved prices: what formulas along a shock must agree with, point by point."""

from collections.abc import Iterator

from margin.engine.curves import Sum
from margin.engine.distance import market_wide
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.liquidation import along, measured_pools
from margin.engine.pools import value_collateral, value_pool
from margin.engine.rational import Fraction
from margin.engine.risk import SOLVENT, Line, lines
from margin.engine.shocked import MeasuredPool, Movement, domain
from margin.engine.types import Account, Instrument, Market, Policy, Prices

ZERO, ONE = Fraction(0), Fraction(1)
FARTHEST = Fraction(12)
Asked = tuple[MeasuredPool, Movement, Line]


def pools_of(own: Account, prices: Market, policy: Policy) -> list[MeasuredPool]:
    return measured_pools(own, assess(own, prices, policy), policy)


def asked_of(own: Account, prices: Market, policy: Policy) -> Iterator[Asked]:
    """Every pool, moved with the whole market and by each of its instruments, against every kind of line."""
    levels = lines(policy)
    for measured in pools_of(own, prices, policy):
        movements = [market_wide(measured), *(along(measured, one) for one in instruments_of(measured))]
        for movement in movements:
            for line in (SOLVENT, levels[Level.LIQUIDATION], levels[Level.WATCH]):
                yield measured, movement, line


def end_of(measured: MeasuredPool, movement: Movement, direction: int) -> Fraction:
    """Where a price that must stay above zero reaches it, else far out."""
    end = domain(measured, movement)[direction > 0]
    return FARTHEST * direction if end is None or abs(end) > FARTHEST else end


def towards(curve: Sum, measured: MeasuredPool, line: Line) -> Sum:
    """Turned over where the pool is below the line already: its cure is then the fall."""
    return Sum(ZERO, ((-ONE, curve),)) if line.above(measured.risk) < 0 else curve


def above(measured: MeasuredPool, movement: Movement, line: Line, s: Fraction) -> Fraction:
    """How far the pool is above the line once the shock has come."""
    prices = moved(measured, movement, s)
    used: dict[str, Fraction] = {}
    for earlier in measured.before:
        used = dict(value_collateral(measured.account, earlier, prices.rates, used).used)
    return line.above(value_pool(measured.account, measured.pool, prices, measured.policy, used=used).risk)


def moved(measured: MeasuredPool, movement: Movement, s: Fraction) -> Prices:
    """m + share*s*|m|, resting at zero unless it may be negative; rates likewise, and never below zero."""
    old, marks, settlements = measured.prices, {}, {}
    for instrument in instruments_of(measured):
        code = instrument.code
        marks[code] = _mark(instrument, old.marks[code], movement, s)
        settlements[code] = old.rate_of(instrument) * _grown(movement.settlements.get(code), s)
    rates = {asset: rate * _grown(movement.assets.get(asset), s) for asset, rate in old.rates.items()}
    return Prices(marks, rates, old.states, settlements)


def instruments_of(measured: MeasuredPool) -> Iterator[Instrument]:
    return (positions[0].instrument for positions in measured.pool.by_instrument.values())


def _mark(instrument: Instrument, mark: Fraction, movement: Movement, s: Fraction) -> Fraction:
    size = ONE if mark == 0 and movement.of == instrument.code else abs(mark)
    there = mark + movement.marks.get(instrument.code, ZERO) * s * size
    return there if instrument.may_be_negative else max(ZERO, there)


def _grown(share: Fraction | None, s: Fraction) -> Fraction:
    return max(ZERO, 1 + (share or ZERO) * s)
