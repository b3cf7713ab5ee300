"""Prices in doubt, for a large shard: both ends of the guard band at once, where a pool holds one such price.

Takes a room whose pools have been computed at the marks; sets the levels of those for which both ends agree,
and says which pools only the exact engine can tell, and how far each account may be off. A pool with only
one price in doubt has no other corners than its two ends.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from margin.book.warm import WarmBook
from margin.engine.columns import Floats
from margin.engine.kernels import ALPHA, OMEGA, UNKNOWN
from margin.engine.ticks import Quotes, multiplied_out
from margin.engine.vector import BookFigures
from margin.flow.recompute import Markets
from margin.flow.room import Room

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Doubt:
    """By pool: `open` is to be told exactly. By account: `bounded`; `slack`, how far its sums may be off."""

    open: Flags
    bounded: Flags
    slack: Floats


def in_doubt(book: WarmBook, room: Room, markets: Markets, quotes: Quotes) -> Doubt:
    columns = book.columns
    opened = _rates_in_doubt(book, room, markets)
    bounded, slack = np.zeros(columns.account_count, dtype=np.bool_), np.zeros(columns.account_count)
    rows = np.flatnonzero(quotes.doubt[columns.instrument])
    if not len(rows):
        return Doubt(opened, bounded, slack)
    low, high = _ends(book, markets, quotes)
    pools = room.roster.pool_of[rows]
    held = np.unique(pools * len(quotes.marks) + columns.instrument[rows]) // len(quotes.marks)
    opened |= np.bincount(held, minlength=columns.pool_count) > 1
    opened |= room.figures.found.close.astype(np.bool_) & (np.bincount(pools, minlength=len(opened)) > 0)
    single = np.setdiff1d(pools, np.flatnonzero(opened)).astype(np.int32)
    rules = book.tables.rules
    marks = multiplied_out(rules, replace(quotes, doubt=np.zeros_like(quotes.doubt)))
    off = np.zeros((len(quotes.rates), len(quotes.marks)))
    levels = []
    for end in (low, high):
        tick = multiplied_out(rules, end)
        there = BookFigures(columns)
        there.revalue_pools(tick, single)
        opened[single[there.found.close[single] > 0]] = True
        levels.append(there.found.levels[single])
        for part in (ALPHA, OMEGA):
            off = np.fmax(off, np.abs(tick.rows[:, :, part] - marks.rows[:, :, part]))
    opened[single[(levels[0] != levels[1]) | (levels[0] == UNKNOWN)]] = True
    sure = ~opened[single]
    room.figures.found.levels[single[sure]] = levels[0][sure]
    bounded[room.figures.owners[single[sure]]] = True
    differs = np.abs(columns.size[rows]) * off[columns.pool_base[pools], columns.instrument[rows]]
    slack += np.bincount(room.figures.owners[pools], differs, minlength=len(slack))
    return Doubt(opened, bounded, slack)


def _ends(book: WarmBook, markets: Markets, quotes: Quotes) -> tuple[Quotes, Quotes]:
    """The marks with those in doubt at both ends of their bands.

    NaN where there is no band, or where it crosses zero or a reference price: there the ends are not extreme,
    and what holds it is unknown at both.
    """
    low, high = quotes.marks.copy(), quotes.marks.copy()
    for k in np.flatnonzero(quotes.doubt).tolist():
        mark = markets.marks[book.tables.instruments[k].code]
        if mark.low is None or mark.high is None or mark.low <= book.tables.instruments[k].reference_price:
            low[k] = high[k] = np.nan
        else:
            low[k], high[k] = float(mark.low), float(mark.high)
    sure = np.zeros_like(quotes.doubt)
    return replace(quotes, marks=low, doubt=sure), replace(quotes, marks=high, doubt=sure)


def _rates_in_doubt(book: WarmBook, room: Room, markets: Markets) -> Flags:
    """Pools that rest on a rate in doubt: by what their positions settle in, or by what they hold."""
    tables, columns = book.tables, book.columns
    found = np.zeros(columns.pool_count, dtype=np.bool_)
    assets = tables.rules.assets
    doubtful = np.zeros((len(tables.bases), len(assets)), dtype=np.bool_)
    for base, code in enumerate(tables.bases):
        rates = markets.seen_from(code).rates
        doubtful[base] = [a != code and a in rates and rates[a].state.in_doubt for a in assets]
    if not doubtful.any():
        return found
    by_held = room.roster.pool_of
    settled = tables.rules.settlement[columns.instrument]
    found[by_held[doubtful[columns.pool_base[by_held], settled]]] = True
    by_owned = np.repeat(np.arange(columns.pool_count), np.diff(columns.balance_start))
    found[by_owned[doubtful[columns.pool_base[by_owned], columns.balance_asset]]] = True
    return found
