"""Falls by search, where a requirement may jump and no formula leads to its edge.

Takes a measured pool and a movement; gives the first shock at which the pool changes sides of a line, looked
for in steps outwards and then halved. Used for whole-pool rules only: there a sale can raise the requirement.
"""

from dataclasses import replace

from margin.engine.pools import value_collateral, value_pool
from margin.engine.rational import Fraction
from margin.engine.risk import Line, Risk
from margin.engine.shocked import MeasuredPool, Movement
from margin.engine.types import ONE, ZERO, Prices

STEPS = 48
HALVINGS = 60
FARTHEST = Fraction(10**6)


def search_fall(
    measured: MeasuredPool, movement: Movement, line: Line, direction: int, limit: Fraction | None
) -> Fraction | None:
    """The first s beyond which the pool is on the other side of the line than it is at 0."""
    below = line.above(measured.risk) < 0
    last = ZERO
    for s in _steps(direction, limit):
        if (line.above(risk_at(measured, movement, s)) < 0) != below:
            return _halved(measured, movement, line, last, s)
        last = s
    return None


def _steps(direction: int, limit: Fraction | None) -> list[Fraction]:
    """Even steps to just before a limit; without one ever longer steps."""
    if limit is not None:
        return [limit * k / STEPS for k in range(1, STEPS)] + [limit * (1 - Fraction(1, 10**9))]
    factor = Fraction(3, 2)
    return [direction * min(FARTHEST, factor**k / 100) for k in range(STEPS)]


def _halved(
    measured: MeasuredPool, movement: Movement, line: Line, here: Fraction, beyond: Fraction
) -> Fraction:
    below = line.above(risk_at(measured, movement, here)) < 0
    for _ in range(HALVINGS):
        middle = (here + beyond) / 2
        if (line.above(risk_at(measured, movement, middle)) < 0) == below:
            here = middle
        else:
            beyond = middle
    return here


def risk_at(measured: MeasuredPool, movement: Movement, s: Fraction) -> Risk:
    """The pool valued afresh with every price moved by the shock."""
    prices = moved_prices(measured, movement, s)
    used: dict[str, Fraction] = {}
    for pool in measured.before:
        if measured.account.recognised_caps:
            used = dict(value_collateral(measured.account, pool, prices.rates, used).used)
    return value_pool(measured.account, measured.pool, prices, measured.policy, used=used).risk


def moved_prices(measured: MeasuredPool, movement: Movement, s: Fraction) -> Prices:
    """Collateral and settlement rates of one asset may move apart: the latter are told per instrument."""
    old, marks, settlements = measured.prices, {}, {}
    for code, positions in measured.pool.by_instrument.items():
        instrument = positions[0].instrument
        constant, slope, _ = movement.line(instrument, old.marks[code]).piece(s, 0)
        marks[code] = constant + slope * s
        drift = movement.settlements.get(code, ZERO)
        settlements[code] = old.rate_of(instrument) * max(ZERO, ONE + drift * s)
    rates = {
        asset: rate * max(ZERO, ONE + movement.assets.get(asset, ZERO) * s)
        for asset, rate in old.rates.items()
    }
    return replace(old, marks=marks, rates=rates, settlements=settlements)
