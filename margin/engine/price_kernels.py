"""Liquidation prices of a whole book, compiled.

Takes columns, a tick and the pools' figures; gives for every position the mark at which its pool meets its
requirement, by the rulebook's formula with the tier at the root. In v = m (inverse v = 1/m) a pool is a hill,
so tangents lead to its falls as in `hill`. What has no formula here is marked, and asked of `liquidation`.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0912, PLR0917

import numpy as np

from margin.engine.columns import Columns, Floats, Ints
from margin.engine.compiled import kernel, span
from margin.engine.kernels import (
    ALPHA,
    CHARGES,
    DEDUCTIONS,
    EQUITY,
    FLOORS,
    MAINTENANCE,
    OMEGA,
    Found,
    Tick,
)

NONE, PRICED, ASK = 0, 1, 2
MOST_STEPS = 24


@kernel()
def fall(
    rows: Floats,
    base: int,
    i: int,
    constant: float,
    slope: float,
    long: float,
    short: float,
    unit: float,
    last: int,
    hedged: bool,
    upwards: bool,
) -> float:
    """The v > 0 at which constant + slope*v - MM(v) falls below zero on this side; NaN if it does not.

    `long` and `short` are the legs' sizes, `unit` turns size*v into notional; starts from the far end.
    """
    i_tier, j_tier = (last, last) if upwards else (0, 0)
    for _ in range(MOST_STEPS):
        long_rate = long * unit * rows[base, i, CHARGES + i_tier]
        short_rate = short * unit * rows[base, i, CHARGES + j_tier]
        long_off = rows[base, i, DEDUCTIONS + i_tier] if long > 0.0 else 0.0
        short_off = rows[base, i, DEDUCTIONS + j_tier] if short > 0.0 else 0.0
        if hedged:
            if long >= short:
                short_rate, short_off = 0.0, 0.0
            else:
                long_rate, long_off = 0.0, 0.0
        steep = slope - long_rate - short_rate
        level = constant + long_off + short_off
        if (upwards and steep >= 0.0) or (not upwards and steep <= 0.0):
            return np.nan
        root: float = -level / steep
        if root <= 0.0:
            return np.nan
        i_next, j_next = 0, 0
        while i_next < last and long * unit * root >= rows[base, i, FLOORS + i_next + 1]:
            i_next += 1
        while j_next < last and short * unit * root >= rows[base, i, FLOORS + j_next + 1]:
            j_next += 1
        if i_next == i_tier and j_next == j_tier:
            return root
        i_tier, j_tier = i_next, j_next
    return np.nan


@kernel(parallel=True)
def liquidation_prices(
    bounds: Ints,
    book: Columns,
    tick: Tick,
    found: Found,
    inverse: Ints,
    underlying: Ints,
    by_search: Ints,
    tier_count: Ints,
    marks: Floats,
    prices: Floats,
    codes: Ints,
) -> None:
    """Prices and codes by position; the same price for both legs of an instrument in a pool."""
    instrument, size = book.instrument, book.size
    pool_start, pool_base, pool_desk = book.pool_start, book.pool_base, book.pool_desk
    pool_special, rows, lines, figures = book.pool_special, tick.rows, tick.thresholds, found.figures
    balance_start, balance_asset = book.balance_start, book.balance_asset
    for chunk in span(len(bounds) - 1):
        for k in range(bounds[chunk], bounds[chunk + 1]):
            base = pool_base[k]
            hedged = lines[pool_desk[k], 4] > 0.0
            above = figures[k, EQUITY] - figures[k, MAINTENANCE]
            p, end = pool_start[k], pool_start[k + 1]
            while p < end:
                i, first = instrument[p], p
                long, short = 0.0, 0.0
                while p < end and instrument[p] == i:
                    long += max(0.0, size[p])
                    short += max(0.0, -size[p])
                    p += 1
                ask = by_search[i] or pool_special[k] or not above >= 0.0
                if underlying[i] >= 0 and not ask:
                    for b in range(balance_start[k], balance_start[k + 1]):
                        ask |= balance_asset[b] == underlying[i]
                    for other in range(pool_start[k], end):
                        ask |= instrument[other] != i and underlying[instrument[other]] == underlying[i]
                code, price = NONE, np.nan
                if ask:
                    code = ASK
                else:
                    v = 1.0 / marks[i] if inverse[i] else marks[i]
                    unit = rows[base, i, OMEGA] / v
                    slope = (long - short) * rows[base, i, ALPHA] / v
                    long_mm, short_mm = 0.0, 0.0
                    last = tier_count[i] - 1
                    for t in range(last + 1):
                        charge, off = rows[base, i, CHARGES + t], rows[base, i, DEDUCTIONS + t]
                        long_mm = max(long_mm, long * unit * v * charge - off)
                        short_mm = max(short_mm, short * unit * v * charge - off)
                    own = max(long_mm, short_mm) if hedged else long_mm + short_mm
                    constant = above + own - slope * v
                    down = fall(rows, base, i, constant, slope, long, short, unit, last, hedged, False)
                    up = fall(rows, base, i, constant, slope, long, short, unit, last, hedged, True)
                    one = 1.0 / down if inverse[i] else down
                    two = 1.0 / up if inverse[i] else up
                    low, high = (two, one) if inverse[i] else (one, two)
                    if not np.isnan(low):
                        code, price = PRICED, low
                    if not np.isnan(high) and (code == NONE or high - marks[i] < marks[i] - low):
                        code, price = PRICED, high
                for j in range(first, p):
                    prices[j] = price
                    codes[j] = code


@kernel(parallel=True, fast=True)
def scenario_losses(
    bounds: Ints, book: Columns, shifts: Floats, worst: Floats, which: Ints, totals: Floats
) -> None:
    """Worst loss per pool over scenarios, and what all pools gain in each, by stretch.

    `shifts` per base, instrument and scenario is the change of ALPHA: profit is size times it, in full
    revaluation, also for inverse contracts, whose shift is that of -x/m.
    """
    instrument, size, pool_start, pool_base = book.instrument, book.size, book.pool_start, book.pool_base
    count = shifts.shape[2]
    for chunk in span(len(bounds) - 1):
        gains = np.zeros(count)
        for k in range(bounds[chunk], bounds[chunk + 1]):
            base = pool_base[k]
            gains[:] = 0.0
            for p in range(pool_start[k], pool_start[k + 1]):
                held, i = size[p], instrument[p]
                for s in range(count):
                    gains[s] += held * shifts[base, i, s]
            lowest, at = 0.0, -1
            for s in range(count):
                totals[chunk, s] += gains[s]
                if gains[s] < lowest:
                    lowest, at = gains[s], s
            worst[k], which[k] = -lowest, at
