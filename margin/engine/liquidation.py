"""Prices that hurt: where a position's pool meets its requirement, and where its equity is gone.

Takes an account with its figures; gives for each position the mark of its instrument at which E = MM
and at which E = 0. All positions of the instrument in the pool move with it, and what names the same
underlying moves in proportion; all else stays. Of two prices the nearer one is given, of equally near ones
the lower. A pool already below the line gets the price at which it is cured, flagged.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from margin.engine.falls import Falls, falls
from margin.engine.figures import AccountFigures, Level, PoolFigures
from margin.engine.pools import Pool, pools_of
from margin.engine.rational import Fraction
from margin.engine.risk import SOLVENT, Line, lines, risk_of
from margin.engine.shocked import MeasuredPool, Movement
from margin.engine.types import ONE, ZERO, Account, Instrument, Kind, Policy
from margin.engine.whole import has_whole_rules

Known = dict[tuple[str, str, Fraction, bool], tuple[Falls, Falls]]
"""Falls by underlying, else by instrument; by the sign of the mark; by whether zero ends them."""


@dataclass(frozen=True, slots=True)
class Hurt:
    """`cures` True: the line is already crossed, and this is where it would be crossed back."""

    price: Fraction | None
    cures: bool


@dataclass(frozen=True, slots=True)
class HurtPrices:
    liquidation: Hurt
    bankruptcy: Hurt


def prices_that_hurt(account: Account, figures: AccountFigures, policy: Policy) -> dict[str, HurtPrices]:
    """By position ref. A pool without figures has no such prices."""
    found: dict[str, HurtPrices] = {}
    for measured in measured_pools(account, figures, policy):
        for part in _parts(measured):
            known: Known = {}
            for positions in part.pool.by_instrument.values():
                hurt = _prices(part, positions[0].instrument, known)
                found.update((position.ref, hurt) for position in positions)
    return found


def _parts(measured: MeasuredPool) -> Iterator[MeasuredPool]:
    """What moves together: one underlying, or one instrument. What stands still enters by the pool's sums."""
    pool, figures = measured.pool, measured.figures
    if has_whole_rules(measured.policy):
        yield measured
        return
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code, positions in pool.by_instrument.items():
        underlying = positions[0].instrument.underlying
        together[underlying, "" if underlying else code].append(code)
    if len(together) == 1:
        yield measured
        return
    place = {code: key for key, codes in together.items() for code in codes}
    rows, legs = defaultdict(list), defaultdict(list)
    for row in figures.positions:
        rows[place[row.instrument]].append(row)
    for leg in figures.legs:
        legs[place[leg.instrument]].append(leg)
    for key, codes in together.items():
        book = {code: pool.by_instrument[code] for code in codes}
        own = replace(figures, positions=tuple(rows[key]), legs=tuple(legs[key]))
        yield replace(measured, pool=replace(pool, by_instrument=book), figures=own)


def measured_pools(account: Account, figures: AccountFigures, policy: Policy) -> list[MeasuredPool]:
    """The pools that have figures, ready to be moved."""
    pools = pools_of(account)
    by_name = {pool.pool: pool for pool in figures.pools}
    return [
        measured
        for k, pool in enumerate(pools)
        if (measured := _measured(account, policy, pool, by_name[pool.name], _before(account, pools, k)))
        is not None
    ]


def _before(account: Account, pools: tuple[Pool, ...], k: int) -> tuple[Pool, ...]:
    """Only an account's own cap on an asset spans its pools."""
    return pools[:k] if account.recognised_caps else ()


def _measured(
    account: Account, policy: Policy, pool: Pool, figures: PoolFigures, before: tuple[Pool, ...]
) -> MeasuredPool | None:
    if figures.prices is None:
        return None
    return MeasuredPool(account, policy, pool, figures, figures.prices, risk_of(figures), before)


def _prices(measured: MeasuredPool, instrument: Instrument, known: Known) -> HurtPrices:
    """What moves alike, and ends alike at zero, falls alike; `known` are the falls found in this pool."""
    sign = _sign(measured.prices.marks[instrument.code])
    ends = not instrument.may_be_negative
    underlying = instrument.underlying if sign else ""
    alike = (underlying, "" if underlying else instrument.code, sign, ends)
    liquidation = lines(measured.policy)[Level.LIQUIDATION]
    if alike not in known:
        movement = along(measured, instrument)
        known[alike] = (falls(measured, movement, liquidation), falls(measured, movement, SOLVENT))
    to_liquidation, to_bankruptcy = known[alike]
    return HurtPrices(
        _nearest_price(measured, instrument, to_liquidation, liquidation),
        _nearest_price(measured, instrument, to_bankruptcy, SOLVENT),
    )


def along(measured: MeasuredPool, instrument: Instrument) -> Movement:
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


def _nearest_price(measured: MeasuredPool, instrument: Instrument, found: Falls, line: Line) -> Hurt:
    mark = measured.prices.marks[instrument.code]
    below = line.above(measured.risk) < 0
    size = abs(mark) or ONE
    prices = [mark + shock * size for shock in found if shock is not None]
    nearest = min(prices, key=lambda price: (abs(price - mark), price), default=None)
    return Hurt(nearest, cures=below and nearest is not None)
