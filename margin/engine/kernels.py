"""The loops that are compiled: one pass over a book, without temporaries.

Takes columns and one row of numbers per (base, instrument) prepared for this tick; gives per pool equity,
initial, maintenance, house maintenance, gross and net, its level, and whether a decision was too close for
float64. The formulas are those of `valuation` and `pools`; the row of an instrument holds them with mark and
rate multiplied in:

    U = size*ALPHA + entries*BETA      linear m*x and -x, inverse -x/m and x N = |size|*OMEGA
    |m|*x (at least the reference price), inverse x/m MM = N*charge - d                  with floors and
    deductions d times x
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0912, PLR0915, PLR0917

from typing import NamedTuple

import numpy as np

from margin.engine.columns import MOST_HAIRCUTS, MOST_TIERS, Columns, Floats, Ints
from margin.engine.compiled import kernel, span

ALPHA, BETA, OMEGA, SIGN, BUFFER, HAIR, FLOORS = range(7)
INITIAL = FLOORS + MOST_TIERS + 1
CHARGES = INITIAL + MOST_TIERS
DEDUCTIONS = CHARGES + MOST_TIERS
WIDTH = DEDUCTIONS + MOST_TIERS

EQUITY, INITIAL_SUM, MAINTENANCE, HOUSE, GROSS, NET = range(6)
CLOSE = 1e-9
UNKNOWN = 6


class Tick(NamedTuple):
    """Prices and rules multiplied out for one tick: what every pool reads, small enough for the caches.

    `rows` per base and instrument, `rates` per base and asset, `cuts` haircuts per asset, `liabilities` per
    base and asset: initial, maintenance, 1 where the asset is the base itself.
    """

    rows: Floats
    rates: Floats
    cuts: Floats
    cut_count: Ints
    liabilities: Floats
    thresholds: Floats
    leverages: Floats


class Found(NamedTuple):
    """What is written: a row of figures a pool, its level, and 1 where it must be decided exactly."""

    figures: Floats
    levels: Ints
    close: Ints


@kernel()
def stretch(chosen: Ints, start: int, stop: int, book: Columns, tick: Tick, found: Found) -> None:
    """The chosen pools from start to stop, each from scratch.

    Arrays are taken out of their tuples once: in the loop that would cost tenfold. The tier is counted, not
    looked for: a loop without branches is a few instructions wide.
    """
    instrument, lever, size, entries = book.instrument, book.lever, book.size, book.entries
    pool_start, pool_base, pool_desk = book.pool_start, book.pool_base, book.pool_desk
    pool_special, pool_buffer = book.pool_special, book.pool_buffer
    balance_start, balance_asset, balance_amount = book.balance_start, book.balance_asset, book.balance_amount
    rows, rates, cuts, cut_count = tick.rows, tick.rates, tick.cuts, tick.cut_count
    liabilities, lines, leverages = tick.liabilities, tick.thresholds, tick.leverages
    figures, levels, close = found.figures, found.levels, found.close
    for n in range(start, stop):
        k = chosen[n]
        base, desk = pool_base[k], pool_desk[k]
        factor = 1.0 + pool_buffer[k]
        hedged = lines[desk, 4] > 0.0
        equity = initial = maintenance = house = gross = net = scale = 0.0
        near = pool_special[k]
        for b in range(balance_start[k], balance_start[k + 1]):
            asset = balance_asset[b]
            value = balance_amount[b] * rates[base, asset]
            scale += abs(value)
            if value >= 0.0:
                t = 0
                while t + 1 < cut_count[asset] and value >= cuts[asset, t + 1]:
                    t += 1
                equity += value * cuts[asset, MOST_HAIRCUTS + t] + cuts[asset, 2 * MOST_HAIRCUTS + t]
            else:
                equity += value
                owed = -value * liabilities[base, asset, 1]
                initial -= value * liabilities[base, asset, 0]
                maintenance += owed
                house += owed * factor
        previous, previous_mm, previous_im = -1, 0.0, 0.0
        p, end = pool_start[k], pool_start[k + 1]
        while p < end:
            i = instrument[p]
            first, held, cost = p, size[p], entries[p]
            p += 1
            while p < end and instrument[p] == i and (size[p] > 0.0) == (held > 0.0):
                held += size[p]
                cost += entries[p]
                p += 1
            from_entry = cost * rows[base, i, BETA]
            equity += held * rows[base, i, ALPHA] + from_entry
            notional = abs(held) * rows[base, i, OMEGA]
            scale += notional + abs(from_entry)
            gross += notional
            net += held * rows[base, i, SIGN]
            t = 0
            for j in range(1, MOST_TIERS):
                t += notional >= rows[base, i, FLOORS + j]
            # A size on a tier's floor may be a hair to the wrong side of it: there initial margin steps.
            hair = notional * rows[base, i, HAIR]
            near |= notional - rows[base, i, FLOORS + t] < hair
            near |= rows[base, i, FLOORS + t + 1] - notional < hair
            mm = max(0.0, notional * rows[base, i, CHARGES + t] - rows[base, i, DEDUCTIONS + t])
            im = mm
            if p - first == 1:
                im = max(im, notional * max(rows[base, i, INITIAL + t], leverages[lever[first]]))
            else:
                asked = 0.0
                for j in range(first, p):
                    asked += abs(size[j]) * max(rows[base, i, INITIAL + t], leverages[lever[j]])
                im = max(im, asked * rows[base, i, OMEGA])
            own_factor = factor + rows[base, i, BUFFER]
            if hedged and previous == i:
                initial += max(0.0, im - previous_im)
                mm_added = max(0.0, mm - previous_mm)
            else:
                initial += im
                mm_added = mm
            maintenance += mm_added
            house += mm_added * own_factor
            previous, previous_mm, previous_im = int(i), mm, im
        figures[k, EQUITY] = equity
        figures[k, INITIAL_SUM] = initial
        figures[k, MAINTENANCE] = maintenance
        figures[k, HOUSE] = house
        figures[k, GROSS] = gross
        figures[k, NET] = net
        width = CLOSE * scale
        if lines[desk, 0] * equity - house > width and not near:
            levels[k], close[k] = 0, 0
        else:
            levels[k], close[k] = decide(
                equity, maintenance, house, width, near,
                lines[desk, 0], lines[desk, 1], lines[desk, 2], lines[desk, 3],
            )  # fmt: skip


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


@kernel(parallel=True)
def all_stretches(chosen: Ints, bounds: Ints, book: Columns, tick: Tick, found: Found) -> None:
    """The chosen pools on all threads; `bounds` cut them into stretches of about as many rows each."""
    for chunk in span(len(bounds) - 1):
        stretch(chosen, bounds[chunk], bounds[chunk + 1], book, tick, found)


@kernel(parallel=True)
def account_totals(
    account_start: Ints, figures: Floats, equity: Floats, gross: Floats, leverage: Floats
) -> None:
    """E_total = E_cross + sum of max(0, E_isolated); leverage infinite where something is held on nothing."""
    for a in span(len(account_start) - 1):
        first = account_start[a]
        total, held = figures[first, EQUITY], figures[first, GROSS]
        for k in range(first + 1, account_start[a + 1]):
            total += max(0.0, figures[k, EQUITY])
            held += figures[k, GROSS]
        equity[a] = total
        gross[a] = held
        leverage[a] = 0.0 if held == 0.0 else held / total if total > 0.0 else np.inf
