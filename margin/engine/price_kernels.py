"""Liquidation prices of a whole book, compiled.

Takes columns, a tick and the pools' figures; gives for every position the mark at which its pool meets its
requirement, by the rulebook's formula with the tier at the root. In s, the share of today's mark (inverse: of
1/m), a pool is a hill, so tangents lead to its falls as in `hill`. What has no formula here is marked, and
asked of `liquidation`.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numpy as np

from margin.engine.columns import SPECIAL, Columns, Floats, Ints
from margin.engine.compiled import kernel, ones, reached_of_eight, span
from margin.engine.kernels import (
    ALPHA,
    CHARGES,
    DEDUCTIONS,
    EQUITY,
    FLOORS,
    MAINTENANCE,
    OMEGA,
    ONE,
    Found,
    Tick,
    U,
)

NONE, PRICED, ASK = 0, 1, 2
MOST_STEPS = 24
FAR = 1e300


@kernel()
def fall(
    rows: Floats,
    base: int,
    i: int,
    constant: float,
    slope: float,
    long: float,
    short: float,
    hedged: bool,
    far: float,
) -> float:
    """The s > 0 at which constant + slope*s - MM(s) falls below zero towards `far`; NaN if it does not.

    `long` and `short` are the legs' notionals today. A tangent of a hill lies above it: its root is the fall,
    or beyond it. Today's tangent may miss the fall for good; then the one at the far end is tried.
    In one piece: this loop is most of what liquidation prices cost.
    """
    up = far > 0.0
    at = 1.0
    for _ in range(MOST_STEPS):
        i_tier = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), long * at))
        j_tier = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), short * at))
        long_rate = long * rows[base, i, U(CHARGES) + i_tier]
        short_rate = short * rows[base, i, U(CHARGES) + j_tier]
        long_off = rows[base, i, U(DEDUCTIONS) + i_tier] if long > 0.0 else 0.0
        short_off = rows[base, i, U(DEDUCTIONS) + j_tier] if short > 0.0 else 0.0
        if hedged:
            if long >= short:
                short_rate, short_off = 0.0, 0.0
            else:
                long_rate, long_off = 0.0, 0.0
        steep = slope - long_rate - short_rate
        root: float = -(constant + long_off + short_off) / steep
        if (steep < 0.0) == up and steep != 0.0 and root > 0.0:
            if root == at or (
                i_tier == ones(reached_of_eight(rows, base, i, U(FLOORS + 1), long * root))
                and j_tier == ones(reached_of_eight(rows, base, i, U(FLOORS + 1), short * root))
            ):
                return root
            at = root
        elif at == far:
            return np.nan
        else:
            at = far
    return np.nan


@kernel()
def cure(rows: Floats, base: int, i: int, constant: float, slope: float, long: float, short: float) -> float:
    """The s > 0 nearest to 1 at which a pool that is below its line comes back to it; NaN if it does not.

    A tangent of a hill lies above it: uphill, its root is the line's crossing or before it.
    """
    at, way = 1.0, 0.0
    for _ in range(MOST_STEPS):
        i_tier = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), long * at))
        j_tier = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), short * at))
        long_rate = long * rows[base, i, U(CHARGES) + i_tier]
        short_rate = short * rows[base, i, U(CHARGES) + j_tier]
        long_off = rows[base, i, U(DEDUCTIONS) + i_tier] if long > 0.0 else 0.0
        short_off = rows[base, i, U(DEDUCTIONS) + j_tier] if short > 0.0 else 0.0
        steep = slope - long_rate - short_rate
        way = way if way != 0.0 else np.sign(steep)
        if steep == 0.0 or np.sign(steep) != way:
            return np.nan
        root: float = -(constant + long_off + short_off) / steep
        if not root > 0.0 or (root - at) * way < 0.0:
            return np.nan
        if root == at or (
            i_tier == ones(reached_of_eight(rows, base, i, U(FLOORS + 1), long * root))
            and j_tier == ones(reached_of_eight(rows, base, i, U(FLOORS + 1), short * root))
        ):
            return root
        at = root
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
    may_be_negative: Ints,
    marks: Floats,
    prices: Floats,
    codes: Ints,
) -> None:
    """Prices and codes by position; the same price for both legs of an instrument in a pool.

    Whole, for the arrays it reads are taken out of their tuples once: for each pool that would cost tenfold.
    """
    instrument, size = book.instrument, book.size
    account_start, pool_start, pool_base, pool_desk = (
        book.account_start, book.pool_start, book.pool_base, book.pool_desk,
    )  # fmt: skip
    pool_flags, rows, lines, figures = book.pool_flags, tick.rows, tick.thresholds, found.figures
    for chunk in span(len(bounds) - 1):
        for k in range(U(account_start[bounds[chunk]]), U(account_start[bounds[chunk + 1]])):
            base = U(pool_base[k])
            hedged = lines[pool_desk[k], 4] > 0.0
            above = figures[k, EQUITY] - figures[k, MAINTENANCE]
            whole = pool_flags[k] & SPECIAL != 0 or np.isnan(above) or (hedged and above < 0.0)
            p, end = U(pool_start[k]), U(pool_start[k + ONE])
            while p < end:
                i, first = U(instrument[p]), p
                long, short = max(0.0, size[p]), max(0.0, -size[p])
                p += ONE
                while p < end and instrument[p] == i:
                    long += max(0.0, size[p])
                    short += max(0.0, -size[p])
                    p += ONE
                code, price = NONE, np.nan
                through_zero = may_be_negative[i] and not inverse[i]
                if (
                    whole
                    or by_search[i]
                    or (through_zero and marks[i] <= 0.0)
                    or (underlying[i] >= 0 and moves_along(k, i, book, underlying))
                ):
                    code = ASK
                else:
                    slope = (long - short) * rows[base, i, ALPHA]
                    long *= rows[base, i, OMEGA]
                    short *= rows[base, i, OMEGA]
                    own = required(rows, base, i, long, short, hedged)
                    constant = above + own - slope
                    mark = marks[i]
                    if above < 0.0:
                        back = cure(rows, base, i, constant, slope, long, short)
                        if not np.isnan(back):
                            code, price = PRICED, mark / back if inverse[i] else mark * back
                        elif through_zero:
                            code = ASK
                        for j in range(first, p):
                            prices[j] = price
                            codes[j] = code
                        continue
                    low = fall(rows, base, i, constant, slope, long, short, hedged, 0.0)
                    high = fall(rows, base, i, constant, slope, long, short, hedged, FAR)
                    if through_zero and np.isnan(low):  # below zero it is a hill of its own, seen in -s
                        low = -fall(rows, base, i, constant, -slope, long, short, hedged, FAR)
                    if inverse[i]:
                        low, high = mark / high, mark / low
                    else:
                        low, high = mark * low, mark * high
                    if not np.isnan(low):
                        code, price = PRICED, low
                    if not np.isnan(high) and (code == NONE or high - mark < mark - low):
                        code, price = PRICED, high
                for j in range(first, p):
                    prices[j] = price
                    codes[j] = code


@kernel()
def required(rows: Floats, base: int, i: int, long: float, short: float, hedged: bool) -> float:
    """What an instrument's two legs require at these notionals."""
    t = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), long))
    one = max(0.0, long * rows[base, i, U(CHARGES) + t] - rows[base, i, U(DEDUCTIONS) + t])
    t = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), short))
    other = max(0.0, short * rows[base, i, U(CHARGES) + t] - rows[base, i, U(DEDUCTIONS) + t])
    both: float = max(one, other) if hedged else one + other
    return both


@kernel()
def moves_along(k: int, i: int, book: Columns, underlying: Ints) -> bool:
    """Whether anything else in the pool moves with what this instrument names."""
    for b in range(U(book.balance_start[k]), U(book.balance_start[k + ONE])):
        if underlying[i] == book.balance_asset[b]:
            return True
    for p in range(U(book.pool_start[k]), U(book.pool_start[k + ONE])):
        other = book.instrument[p]
        if other != i and underlying[other] == underlying[i]:
            return True
    return False
