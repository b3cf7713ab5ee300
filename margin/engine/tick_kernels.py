"""What a tick touches, compiled: some pools and their accounts, wherever they lie.

Takes the pools that hold what moved, in order; gives their figures and their accounts' from scratch, by the
same loops as the whole book. They lie far apart, and waiting for memory costs more than computing: so each
few pools are asked of memory while the few before them are computed.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0917

from margin.engine.columns import Columns, Ints
from margin.engine.compiled import fetch, kernel, span
from margin.engine.kernels import ONE, Found, Tick, Totals, U, account_totals, stretch

FEW = 8
LINE = U(8)
"""Numbers on a line of the cache."""
POSITIONS_FETCHED = U(17)
FIGURES, FIGURES_FETCHED = U(6), U(48)
"""A pool's, and how many of an account's: beyond, an account waits for the rest, as a pool for positions."""


@kernel(parallel=True)
def revalue_some(
    pools: Ints, owners: Ints, parts: int, book: Columns, tick: Tick, found: Found, totals: Totals
) -> None:
    """These pools, in order, and their accounts (`owners` by pool), on as many threads as there are parts.

    An account whose pools lie in several turns is summed up in each of them: the last has them all.
    """
    for part in span(parts):
        first, last = begin_of(part, parts, pools, owners), begin_of(part + 1, parts, pools, owners)
        for n in range(first - 3 * FEW, last, FEW):
            look_ahead(n, first, last, pools, owners, book, found, totals)
            if n >= first:
                end = min(n + FEW, last)
                stretch(pools, n, end, book, tick, found)
                account_totals(pools, owners, n, end, book.account_start, found.figures, totals)


@kernel()
def begin_of(part: int, parts: int, pools: Ints, owners: Ints) -> int:
    """No account lies in two parts."""
    n = len(pools) * part // parts
    while 0 < n < len(pools) and owners[pools[n]] == owners[pools[n - 1]]:
        n += 1
    return n


@kernel()
def at(n: int, turns: int, first: int, last: int) -> int:
    """Where the turn begins that is so many ahead, within the part."""
    return max(first, min(n + turns * FEW, last))


@kernel()
def look_ahead(
    n: int, first: int, last: int, pools: Ints, owners: Ints, book: Columns, found: Found, totals: Totals
) -> None:
    """Where a pool's rows begin is asked for three turns ahead, its rows two, its account's figures one."""
    for m in range(U(at(n, 3, first, last)), U(at(n, 4, first, last))):
        k = U(pools[m])
        fetch(book.pool_start, k)
        fetch(book.balance_start, k)
        fetch(book.pool_buffer, k)
        fetch(book.pool_base, k)
        fetch(book.pool_desk, k)
        fetch(book.pool_flags, k)
        fetch(owners, k)
    for m in range(U(at(n, 2, first, last)), U(at(n, 3, first, last))):
        k = U(pools[m])
        p, end = U(book.pool_start[k]), U(book.pool_start[k + ONE])
        fetch(book.instrument, p)
        fetch(book.lever, p)
        for j in range(p, min(end, p + POSITIONS_FETCHED), LINE):
            fetch(book.size, j)
            fetch(book.entries, j)
        b = U(book.balance_start[k])
        fetch(book.balance_asset, b)
        fetch(book.balance_amount, b)
        fetch(found.levels, k)
        fetch(found.close, k)
        fetch(found.figures, k * FIGURES)
        fetch(book.account_start, U(owners[k]))
    for m in range(U(at(n, 1, first, last)), U(at(n, 2, first, last))):
        a = U(owners[U(pools[m])])
        fetch(totals.equity, a)
        fetch(totals.gross, a)
        fetch(totals.leverage, a)
        begin, end = U(book.account_start[a]) * FIGURES, U(book.account_start[a + ONE]) * FIGURES
        for j in range(begin, min(end, begin + FIGURES_FETCHED), LINE):
            fetch(found.figures, j)
