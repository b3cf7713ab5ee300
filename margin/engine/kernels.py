"""The loops that are compiled: one pass over a book, without temporaries.

Takes columns and one row of numbers per (base, instrument) and (base, asset) prepared for this tick; gives
per pool equity, initial, maintenance, house maintenance, gross and net, its level, and whether a decision was
too close for float64; per account equity, gross and leverage. The formulas are those of `valuation` and
`pools`; the row of an instrument holds them with mark and rate multiplied in:

    U = size*ALPHA + entries*BETA      linear m*x and -x, inverse -x/m and x
    N = |size|*OMEGA                   linear |m|*x (at least the reference price), inverse x/m
    MM = N*charge - d                  with floors and deductions d times x
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0915, PLR0917

from typing import Any, NamedTuple

import numpy as np

from margin.engine.columns import MOST_HAIRCUTS, MOST_TIERS, SPECIAL, TWICE, Columns, Floats, Ints
from margin.engine.compiled import kernel, ones, reached_of_eight, reached_of_four, span

ALPHA, BETA, OMEGA, SIGN, BUFFER, HAIR, LEAST = range(7)
"""LEAST is the least that OMEGA may become: a reference price times the rate."""
FLOORS = 7
"""Of the first tier, 0; from the next on they are one line of the cache, as the columns below are."""
INITIAL = FLOORS + MOST_TIERS + 1
CHARGES = INITIAL + MOST_TIERS
DEDUCTIONS = CHARGES + MOST_TIERS
WIDTH = DEDUCTIONS + MOST_TIERS

RATE, OWED_INITIAL, OWED_MAINTENANCE, CUT_FLOORS = range(4)
COUNTED = CUT_FLOORS + MOST_HAIRCUTS + 1
CUT_OFFSETS = COUNTED + MOST_HAIRCUTS
ASSET_WIDTH = CUT_OFFSETS + MOST_HAIRCUTS

EQUITY, INITIAL_SUM, MAINTENANCE, HOUSE, GROSS, NET = range(6)
CLOSE = 1e-9
UNKNOWN = 6
BLOCK = 1024
"""Accounts at a time: few enough that their figures stay near, so many that calling a kernel is cheap."""

U: Any = np.uint64
"""A row's number: without a sign, which would be asked of every access."""
NOTHING, ONE = U(0), U(1)
NO_INSTRUMENT = U(1 << 32)


class Tick(NamedTuple):
    """Prices and rules multiplied out for one tick: what every pool reads, small enough for the caches.

    `rows` per base and instrument; `assets` per base and asset: rate, what a debt requires (nothing in the
    base itself), haircuts; `thresholds` per desk, `leverages` by code.
    """

    rows: Floats
    assets: Floats
    thresholds: Floats
    leverages: Floats


class Found(NamedTuple):
    """What is written: a row of figures a pool, its level, and 1 where it must be decided exactly."""

    figures: Floats
    levels: Ints
    close: Ints


class Totals(NamedTuple):
    """Per account: E_total, gross, leverage (infinite on no equity)."""

    equity: Floats
    gross: Floats
    leverage: Floats


@kernel()
def stretch(chosen: Ints, start: int, stop: int, book: Columns, tick: Tick, found: Found) -> None:
    """The chosen pools from start to stop, each from scratch; all of them where none are named.

    Arrays are taken out of their tuples once: in the loop that would cost tenfold, and so the loop is whole.
    Every position is first taken for a leg of its own: a pool with an instrument in two rows is told its
    requirement by `by_legs`.
    """
    instrument, lever, size, entries = book.instrument, book.lever, book.size, book.entries
    pool_start, pool_base, pool_desk = book.pool_start, book.pool_base, book.pool_desk
    pool_flags, pool_buffer = book.pool_flags, book.pool_buffer
    balance_start, balance_asset, balance_amount = book.balance_start, book.balance_asset, book.balance_amount
    rows, assets, lines, leverages = tick.rows, tick.assets, tick.thresholds, tick.leverages
    figures, levels, close = found.figures, found.levels, found.close
    some = len(chosen) > 0
    for n in range(U(start), U(stop)):
        k = U(chosen[n]) if some else n
        base, desk = U(pool_base[k]), U(pool_desk[k])
        equity = initial = maintenance = own = gross = net = scale = 0.0
        for b in range(U(balance_start[k]), U(balance_start[k + ONE])):
            a = U(balance_asset[b])
            value = balance_amount[b] * assets[base, a, RATE]
            scale += abs(value)
            if value >= 0.0:
                t = ones(reached_of_four(assets, base, a, U(CUT_FLOORS + 1), value))
                equity += value * assets[base, a, U(COUNTED) + t] + assets[base, a, U(CUT_OFFSETS) + t]
            else:
                equity += value
                initial -= value * assets[base, a, OWED_INITIAL]
                maintenance -= value * assets[base, a, OWED_MAINTENANCE]
        near = NOTHING
        for p in range(U(pool_start[k]), U(pool_start[k + ONE])):
            i = U(instrument[p])
            held, from_entry = size[p], entries[p] * rows[base, i, BETA]
            equity += held * rows[base, i, ALPHA] + from_entry
            notional = abs(held) * rows[base, i, OMEGA]
            scale += abs(from_entry)
            gross += notional
            net += held * rows[base, i, SIGN]
            t = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), notional))
            # A size on a tier's floor may be a hair to the wrong side of it: there initial margin steps.
            hair = notional * rows[base, i, HAIR]
            near |= reached_of_eight(rows, base, i, U(FLOORS + 1), notional - hair) ^ reached_of_eight(
                rows, base, i, U(FLOORS + 1), notional + hair
            )
            mm = max(0.0, notional * rows[base, i, U(CHARGES) + t] - rows[base, i, U(DEDUCTIONS) + t])
            rate = max(rows[base, i, U(INITIAL) + t], leverages[U(lever[p])])
            initial += max(mm, notional * rate)
            maintenance += mm
            own += mm * rows[base, i, BUFFER]
        if pool_flags[k] & TWICE:
            initial, maintenance, own, near = by_legs(k, book, tick)
        house = maintenance * (1.0 + pool_buffer[k]) + own
        figures[k, EQUITY] = equity
        figures[k, INITIAL_SUM] = initial
        figures[k, MAINTENANCE] = maintenance
        figures[k, HOUSE] = house
        figures[k, GROSS] = gross
        figures[k, NET] = net
        width = CLOSE * (scale + gross)
        exactly = near != NOTHING or pool_flags[k] & SPECIAL != 0
        if lines[desk, 0] * equity - house > width and not exactly:
            levels[k], close[k] = 0, 0
        else:
            levels[k], close[k] = decide(
                equity, maintenance, house, width, exactly,
                lines[desk, 0], lines[desk, 1], lines[desk, 2], lines[desk, 3],
            )  # fmt: skip


@kernel()
def leg_of(p: int, end: int, instrument: Ints, size: Floats) -> tuple[int, float]:
    """Where the leg ends that begins in this row, and its size: rows of one instrument and side."""
    i, held = instrument[p], size[p]
    p += ONE
    while p < end and instrument[p] == i and (size[p] > 0.0) == (held > 0.0):
        held += size[p]
        p += ONE
    return p, held


@kernel()
def by_legs(k: int, book: Columns, tick: Tick) -> tuple[float, float, float, int]:
    """A pool's requirements with its positions merged into legs, and offset where the desk offsets.

    Initial, maintenance, what the instruments' own buffers add, and whether a leg is a hair from a floor.
    """
    instrument, lever, size = book.instrument, book.lever, book.size
    rows, leverages, assets = tick.rows, tick.leverages, tick.assets
    base, hedged = U(book.pool_base[k]), tick.thresholds[book.pool_desk[k], 4] > 0.0
    initial = maintenance = own = 0.0
    for b in range(U(book.balance_start[k]), U(book.balance_start[k + ONE])):
        a = U(book.balance_asset[b])
        owed = max(0.0, -book.balance_amount[b] * assets[base, a, RATE])
        initial += owed * assets[base, a, OWED_INITIAL]
        maintenance += owed * assets[base, a, OWED_MAINTENANCE]
    near, previous, previous_mm, previous_im = NOTHING, NO_INSTRUMENT, 0.0, 0.0
    p, end = U(book.pool_start[k]), U(book.pool_start[k + ONE])
    while p < end:
        i, first = U(instrument[p]), p
        p, held = leg_of(p, end, instrument, size)
        notional = abs(held) * rows[base, i, OMEGA]
        t = ones(reached_of_eight(rows, base, i, U(FLOORS + 1), notional))
        hair = notional * rows[base, i, HAIR]
        near |= reached_of_eight(rows, base, i, U(FLOORS + 1), notional - hair) ^ reached_of_eight(
            rows, base, i, U(FLOORS + 1), notional + hair
        )
        mm = max(0.0, notional * rows[base, i, U(CHARGES) + t] - rows[base, i, U(DEDUCTIONS) + t])
        asked = 0.0
        for j in range(first, p):
            asked += abs(size[j]) * max(rows[base, i, U(INITIAL) + t], leverages[U(lever[j])])
        im = max(mm, asked * rows[base, i, OMEGA])
        offset = hedged and previous == i
        initial += max(0.0, im - previous_im) if offset else im
        added = max(0.0, mm - previous_mm) if offset else mm
        maintenance += added
        own += added * rows[base, i, BUFFER]
        previous, previous_mm, previous_im = i, mm, im
    return initial, maintenance, own, near


@kernel()
def decide(
    equity: float,
    maintenance: float,
    house: float,
    width: float,
    near: bool,
    watch: float,
    at_risk: float,
    danger: float,
    or_equal: float,
) -> tuple[int, int]:
    """The level, and 1 where some line is too close to trust float64 with it."""
    if np.isnan(equity) or np.isnan(house):
        return UNKNOWN, 1
    level = 0
    if house >= watch * equity:
        level = 1
    if house >= at_risk * equity:
        level = 2
    if house >= danger * equity:
        level = 3
    if equity < house or (or_equal > 0.0 and equity == house):
        level = 4
    if equity < maintenance or (or_equal > 0.0 and equity == maintenance):
        level = 5
    if maintenance == 0.0 and house == 0.0:
        level = 0 if equity >= 0.0 else 5
    near |= abs(watch * equity - house) <= width
    near |= abs(at_risk * equity - house) <= width
    near |= abs(danger * equity - house) <= width
    near |= abs(equity - house) <= width
    near |= abs(equity - maintenance) <= width
    return level, 1 if near else 0


@kernel()
def account_totals(
    chosen: Ints, owners: Ints, start: int, stop: int, account_start: Ints, figures: Floats, totals: Totals
) -> None:
    """E_total = E_cross + sum of max(0, E_isolated); leverage infinite where something is held on nothing.

    The accounts that own the chosen pools from start to stop; accounts start to stop where none are named.
    """
    equity, gross, leverage = totals.equity, totals.gross, totals.leverage
    some = len(chosen) > 0
    for n in range(U(start), U(stop)):
        a = U(owners[U(chosen[n])]) if some else n
        cross = U(account_start[a])
        total, held = figures[cross, EQUITY], figures[cross, GROSS]
        for k in range(cross + ONE, U(account_start[a + ONE])):
            total += max(0.0, figures[k, EQUITY])
            held += figures[k, GROSS]
        equity[a] = total
        gross[a] = held
        ratio = held / total
        leverage[a] = ratio if total > 0.0 else 0.0 if held == 0.0 else np.inf


@kernel(parallel=True)
def revalue_all(nothing: Ints, bounds: Ints, book: Columns, tick: Tick, found: Found, totals: Totals) -> None:
    """Every account on all threads; `bounds` cut them into stretches of about as many rows each.

    Accounts are summed up while their pools still lie in the cache.
    """
    account_start = book.account_start
    for chunk in span(len(bounds) - 1):
        for first in range(bounds[chunk], bounds[chunk + 1], BLOCK):
            last = min(first + BLOCK, bounds[chunk + 1])
            stretch(nothing, account_start[first], account_start[last], book, tick, found)
            account_totals(nothing, nothing, first, last, account_start, found.figures, totals)
