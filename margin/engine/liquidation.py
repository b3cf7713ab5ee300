"""Prices that hurt: where a position's pool meets its requirement, and where its equity is gone.

Takes an account with its figures; gives for each position the mark of its instrument at which E = MM
and at which E = 0. All positions of the instrument in the pool move with it, and what names the same
underlying moves in proportion; all else stays. Of two prices the nearer one is given, of equally near ones
the lower. A pool already below the line gets the price at which it is cured, flagged.
"""

from dataclasses import dataclass

from margin.engine.falls import falls
from margin.engine.figures import AccountFigures, Level, PoolFigures
from margin.engine.pools import Pool, pools_of
from margin.engine.rational import Fraction
from margin.engine.risk import SOLVENT, Line, lines, risk_of
from margin.engine.shocked import Measured, Movement
from margin.engine.types import ONE, ZERO, Account, Instrument, Kind, Policy


@dataclass(frozen=True, slots=True)
class Hurt:
    """`cures` True: the line is already crossed, and this is where it would be crossed back."""

    price: Fraction | None
    cures: bool = False


@dataclass(frozen=True, slots=True)
class HurtPrices:
    liquidation: Hurt
    bankruptcy: Hurt


def prices_that_hurt(account: Account, figures: AccountFigures, policy: Policy) -> dict[str, HurtPrices]:
    """By position ref. A pool without figures has no such prices."""
    found: dict[str, HurtPrices] = {}
    for measured in measured_pools(account, figures, policy):
        for positions in measured.pool.by_instrument.values():
            hurt = _prices(measured, positions[0].instrument)
            found.update((position.ref, hurt) for position in positions)
    return found


def measured_pools(account: Account, figures: AccountFigures, policy: Policy) -> list[Measured]:
    """The pools that have figures, ready to be moved."""
    pools = pools_of(account)
    by_name = {pool.pool: pool for pool in figures.pools}
    return [
        measured
        for k, pool in enumerate(pools)
        if (measured := _measured(account, policy, pool, by_name[pool.name], pools[:k])) is not None
    ]


def _measured(
    account: Account, policy: Policy, pool: Pool, figures: PoolFigures, before: tuple[Pool, ...]
) -> Measured | None:
    if figures.prices is None:
        return None
    return Measured(account, policy, pool, figures, figures.prices, risk_of(figures), before)


def _prices(measured: Measured, instrument: Instrument) -> HurtPrices:
    movement = along(measured, instrument)
    liquidation = lines(measured.policy)[Level.LIQUIDATION]
    return HurtPrices(
        _nearest_price(measured, instrument, movement, liquidation),
        _nearest_price(measured, instrument, movement, SOLVENT),
    )


def along(measured: Measured, instrument: Instrument) -> Movement:
    """The mark moves by s of its size; other things on the same underlying by the same share of theirs."""
    mark = measured.prices.marks[instrument.code]
    own = {instrument.code: ONE}
    base, underlying = measured.account.base, instrument.underlying
    share = _sign(mark)
    if not underlying or not share:
        return Movement(own, of=instrument.code)
    related = [
        positions[0].instrument
        for positions in measured.pool.by_instrument.values()
        if positions[0].instrument.underlying == underlying
    ]
    marks = {other.code: share * _sign(measured.prices.marks[other.code]) for other in related}
    # The base currency is worth one whatever happens, also where it is the coin itself.
    moves_rates = underlying != base
    return Movement(
        {**marks, **own},
        {underlying: share} if moves_rates else {},
        {
            other.code: share
            for other in related
            if moves_rates and other.kind is Kind.INVERSE and other.settlement != base
        },
        instrument.code,
    )


def _sign(mark: Fraction) -> Fraction:
    return ONE if mark > 0 else -ONE if mark < 0 else ZERO


def _nearest_price(measured: Measured, instrument: Instrument, movement: Movement, line: Line) -> Hurt:
    mark = measured.prices.marks[instrument.code]
    below = line.above(measured.risk) < 0
    size = abs(mark) or ONE
    found = falls(measured, movement, line)
    prices = [mark + shock * size for shock in found if shock is not None]
    nearest = min(prices, key=lambda price: (abs(price - mark), price), default=None)
    return Hurt(nearest, cures=below and nearest is not None)
