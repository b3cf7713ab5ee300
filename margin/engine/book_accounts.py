"""Accounts and positions of a whole book: what `exact` and `valuation` say of them, in columns.

Takes a book whose pools have been computed and decided; gives per account its sums, its level and the pool
that binds it, and per position its notional, profit and share of its leg's maintenance. NaN is a figure that
does not exist.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0912

from typing import NamedTuple

import numpy as np

from margin.engine.columns import Columns, Floats, Ints
from margin.engine.compiled import kernel, ones, reached_of_eight, span
from margin.engine.kernels import (
    ALPHA,
    BETA,
    CHARGES,
    DEDUCTIONS,
    EQUITY,
    FLOORS,
    GROSS,
    HOUSE,
    INITIAL_SUM,
    MAINTENANCE,
    NET,
    OMEGA,
    ONE,
    Found,
    Tick,
    U,
    leg_of,
)

LIQUIDATION = 5


class AccountColumns(NamedTuple):
    """A row an account. `binding` is the pool that sets the level, counted from the account's first."""

    equity: Floats
    initial: Floats
    maintenance: Floats
    house: Floats
    gross: Floats
    net: Floats
    free: Floats
    utilisation: Floats
    leverage: Floats
    level: Ints
    binding: Ints


def room_for_accounts(count: int) -> AccountColumns:
    """To be written again and again."""
    floats = {name: np.zeros(count, dtype=np.float64) for name in AccountColumns._fields[:-2]}
    return AccountColumns(
        **floats, level=np.zeros(count, dtype=np.uint8), binding=np.zeros(count, dtype=np.int32)
    )


@kernel(parallel=True)
def sum_accounts(bounds: Ints, account_start: Ints, found: Found, into: AccountColumns) -> None:
    """Every account; `bounds` cut them into stretches of about as many rows each."""
    for chunk in span(len(bounds) - 1):
        sum_stretch(bounds[chunk], bounds[chunk + 1], account_start, found, into)


@kernel()
def sum_stretch(begin: int, end: int, account_start: Ints, found: Found, into: AccountColumns) -> None:
    """A sure liquidation stands whatever else is unknown; else the worst level, of several the nearest.

    Whole: with the level and the binding pool as kernels of their own it took a seventh longer.
    """
    figures, levels = found.figures, found.levels
    for a in range(begin, end):
        first, last = account_start[a], account_start[a + 1]
        worst, sure = 0, False
        for k in range(first, last):
            worst = max(worst, levels[k])
            sure |= levels[k] == LIQUIDATION
        if sure:
            worst = LIQUIDATION
        bound, known = -1, True
        total = initial = maintenance = house = gross = net = 0.0
        for k in range(first, last):
            e, h = figures[k, EQUITY], figures[k, HOUSE]
            known &= not np.isnan(e)
            total += e if k == first else max(0.0, e)
            initial += figures[k, INITIAL_SUM]
            maintenance += figures[k, MAINTENANCE]
            house += h
            gross += figures[k, GROSS]
            net += figures[k, NET]
            if levels[k] != worst:
                continue
            if bound < 0:
                bound = k
            elif not np.isnan(e) and not np.isnan(figures[bound, EQUITY]):
                other, its = figures[bound, EQUITY], figures[bound, HOUSE]
                worse = h * other > its * e if e > 0.0 and other > 0.0 else e < other
                if worse:
                    bound = k
        into.level[a], into.binding[a] = worst, bound - first
        e, h = figures[bound, EQUITY], figures[bound, HOUSE]
        required = max(figures[first, INITIAL_SUM], figures[first, HOUSE])
        into.equity[a] = total if known else np.nan
        into.initial[a] = initial if known else np.nan
        into.maintenance[a] = maintenance if known else np.nan
        into.house[a] = house if known else np.nan
        into.gross[a] = gross if known else np.nan
        into.net[a] = net if known else np.nan
        into.free[a] = max(0.0, figures[first, EQUITY] - required) if known else np.nan
        into.utilisation[a] = np.nan
        into.leverage[a] = np.nan
        if known:
            if e > 0.0:
                into.utilisation[a] = h / e
            elif e == 0.0 and h == 0.0:
                into.utilisation[a] = 0.0
            if gross == 0.0:
                into.leverage[a] = 0.0
            elif total > 0.0:
                into.leverage[a] = gross / total


class PositionColumns(NamedTuple):
    """A row a position, in its account's base currency."""

    notional: Floats
    profit: Floats
    maintenance: Floats


def room_for_positions(count: int) -> PositionColumns:
    return PositionColumns(*(np.zeros(count, dtype=np.float64) for _ in range(3)))


@kernel(parallel=True)
def fill_positions(bounds: Ints, book: Columns, tick: Tick, into: PositionColumns) -> None:
    """Each leg's maintenance is shared by size; of two legs that are offset only the dearer has any."""
    instrument, size, entries = book.instrument, book.size, book.entries
    pool_start, pool_base, pool_desk, account_start = (
        book.pool_start, book.pool_base, book.pool_desk, book.account_start,
    )  # fmt: skip
    rows, lines = tick.rows, tick.thresholds
    notional, profit, maintenance = into.notional, into.profit, into.maintenance
    for chunk in span(len(bounds) - 1):
        for k in range(U(account_start[bounds[chunk]]), U(account_start[bounds[chunk + 1]])):
            base, hedged = U(pool_base[k]), lines[pool_desk[k], 4] > 0.0
            p, end = U(pool_start[k]), U(pool_start[k + ONE])
            previous, before, held_before = U(1 << 32), U(0), 0.0
            while p < end:
                i, first = U(instrument[p]), p
                p, held = leg_of(p, end, instrument, size)
                leg = abs(held) * rows[base, i, OMEGA]
                t = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), leg))
                due = max(0.0, leg * rows[base, i, U(CHARGES) + t] - rows[base, i, U(DEDUCTIONS) + t])
                if hedged and previous == i:
                    if held_before < due:
                        for j in range(before, first):
                            maintenance[j] = 0.0
                    else:
                        due = 0.0
                for j in range(first, p):
                    notional[j] = abs(size[j]) * rows[base, i, OMEGA]
                    profit[j] = size[j] * rows[base, i, ALPHA] + entries[j] * rows[base, i, BETA]
                    maintenance[j] = due * (size[j] / held)
                previous, before, held_before = i, first, due
