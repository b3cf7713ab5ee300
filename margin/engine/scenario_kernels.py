"""Many scenarios of a whole book, compiled: profits, and what stays above the requirement.

Takes columns and by base, instrument and scenario how ALPHA shifts; gives per pool the worst scenario, and
per scenario what the whole book makes of it. Estimates: sums may be reordered, no level is decided here.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0917

import numpy as np

from margin.engine.columns import Columns, Floats, Ints
from margin.engine.compiled import kernel, ones, reached_of_eight, span
from margin.engine.kernels import (
    ALPHA,
    CHARGES,
    DEDUCTIONS,
    EQUITY,
    FLOORS,
    LEAST,
    NO_INSTRUMENT,
    ONE,
    OWED_MAINTENANCE,
    RATE,
    UNKNOWN,
    Found,
    Tick,
    U,
)


@kernel(fast=True)
def lowest_of(numbers: Floats) -> tuple[float, int]:
    """The least and its place: first the least, then its place, since both at once cannot go in lanes."""
    least = numbers[0]
    for s in range(len(numbers)):
        least = min(least, numbers[s])
    place = len(numbers)
    for s in range(len(numbers)):
        place = min(place, s if numbers[s] == least else len(numbers))
    return least, place


@kernel(parallel=True, fast=True)
def scenario_losses(
    bounds: Ints, book: Columns, shifts: Floats, worst: Floats, which: Ints, totals: Floats
) -> None:
    """Worst loss per pool over scenarios (-1: none loses), and what all pools gain in each, by stretch.

    Profit is size times the shift of ALPHA, in full revaluation, also for inverse contracts (-x/m).
    """
    instrument, size, pool_start, pool_base = book.instrument, book.size, book.pool_start, book.pool_base
    account_start = book.account_start
    for chunk in span(len(bounds) - 1):
        gains, sums = np.zeros(shifts.shape[2]), np.zeros(shifts.shape[2])
        for k in range(U(account_start[bounds[chunk]]), U(account_start[bounds[chunk + 1]])):
            base = U(pool_base[k])
            first, end = U(pool_start[k]), U(pool_start[k + ONE])
            if first == end:
                worst[k], which[k] = 0.0, -1
                continue
            held, moved = size[first], shifts[base, U(instrument[first])]
            for s in range(len(gains)):
                gains[s] = held * moved[s]
            for p in range(first + ONE, end):
                held, moved = size[p], shifts[base, U(instrument[p])]
                for s in range(len(gains)):
                    gains[s] += held * moved[s]
            for s in range(len(gains)):
                sums[s] += gains[s]
            lowest, at = lowest_of(gains)
            loses = lowest < 0.0
            worst[k] = -lowest if loses else 0.0
            which[k] = at if loses else -1
        totals[chunk] = sums


@kernel(parallel=True, fast=True)
def scenario_margins(
    bounds: Ints,
    book: Columns,
    tick: Tick,
    found: Found,
    shifts: Floats,
    widest: Floats,
    least: Floats,
    which: Ints,
    short: Ints,
) -> None:
    """The least E - MM per pool over scenarios, MM in its tier; by stretch and scenario pools with E < MM.

    `widest` per base and instrument are the least and the largest notional of one unit over all scenarios: a
    leg whose tier is the same at both ends is charged by one line. Whole, because its three rows of numbers a
    scenario are kept for a stretch of pools and written again by each.
    """
    instrument, size, pool_start, pool_base = book.instrument, book.size, book.pool_start, book.pool_base
    rows, lines, account_start = tick.rows, tick.thresholds, book.account_start
    count = shifts.shape[2]
    for chunk in span(len(bounds) - 1):
        above, charge, offset = np.zeros(count), np.zeros(count), np.zeros(count)
        fallen = np.zeros(count, dtype=np.int64)
        for k in range(U(account_start[bounds[chunk]]), U(account_start[bounds[chunk + 1]])):
            base, hedged = U(pool_base[k]), lines[book.pool_desk[k], 4] > 0.0
            above[:] = found.figures[k, EQUITY] - owed(k, book, tick)
            previous = NO_INSTRUMENT
            p, end = U(pool_start[k]), U(pool_start[k + ONE])
            while p < end:
                i, held = U(instrument[p]), size[p]
                p += ONE
                while p < end and instrument[p] == i and (size[p] > 0.0) == (held > 0.0):
                    held += size[p]
                    p += ONE
                charged(charge, rows, base, i, held, shifts[base, i], widest[base, i])
                moved = shifts[base, i]
                if hedged and previous == i:
                    for s in range(count):
                        above[s] += held * moved[s] - max(0.0, charge[s] - offset[s])
                else:
                    for s in range(count):
                        above[s] += held * moved[s] - charge[s]
                if hedged:
                    offset[:] = charge
                previous = i
            least[k], which[k] = lowest_of(above)
            if found.levels[k] != UNKNOWN and least[k] < 0.0:
                for s in range(count):
                    fallen[s] += above[s] < 0.0
        short[chunk] = fallen


@kernel(fast=True)
def charged(
    charge: Floats, rows: Floats, base: int, i: int, held: float, moved: Floats, widest: Floats
) -> None:
    """A leg's maintenance by scenario, written to `charge`."""
    size = abs(held)
    alpha, least = rows[base, i, ALPHA], rows[base, i, LEAST]
    low = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), size * widest[0]))
    high = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), size * widest[1]))
    rate, off = size * rows[base, i, U(CHARGES) + low], rows[base, i, U(DEDUCTIONS) + low]
    for s in range(len(charge)):
        charge[s] = max(0.0, max(abs(alpha + moved[s]), least) * rate - off)
    for t in range(low + ONE, high + ONE):
        floor = rows[base, i, U(FLOORS) + t]
        rate, off = size * rows[base, i, U(CHARGES) + t], rows[base, i, U(DEDUCTIONS) + t]
        for s in range(len(charge)):
            unit = max(abs(alpha + moved[s]), least)
            charge[s] = max(0.0, unit * rate - off) if unit * size >= floor else charge[s]


@kernel()
def owed(k: int, book: Columns, tick: Tick) -> float:
    """What a pool's debts require to maintain."""
    base, total = U(book.pool_base[k]), 0.0
    for b in range(U(book.balance_start[k]), U(book.balance_start[k + ONE])):
        a = U(book.balance_asset[b])
        total += (
            max(0.0, -book.balance_amount[b] * tick.assets[base, a, RATE])
            * tick.assets[base, a, OWED_MAINTENANCE]
        )
    return total
