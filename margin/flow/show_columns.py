"""Figures of a large shard as text, in packed columns: rounded once, as `show` rounds a row.

Takes a sweep; gives the columns of accounts and of positions. A row whose rounding would show a relation that
does not hold is written as `show` writes it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS
from margin.book.packed import (
    Packed,
    packed_blanks,
    packed_flags,
    packed_named,
    packed_units,
    packed_words,
)
from margin.engine import shown
from margin.engine.book_shown import NONE, shocks_of, units_of
from margin.engine.columns import Floats
from margin.engine.figures import Level
from margin.engine.rational import Fraction
from margin.engine.risk import Risk
from margin.flow.binding_caps import LeverageCaps, lines_of
from margin.flow.cap_states import WORST_FIRST as CAP_STATES
from margin.flow.show import FREE, RATE_PLACES, plain
from margin.flow.sweep import Swept

LEVELS = tuple(level.word for level in Level)


def account_columns(swept: Swept, leverage: LeverageCaps, states: NDArray[np.int64]) -> dict[str, Packed]:
    """Of all accounts, as float64 has them."""
    totals, roster, falls = swept.totals, swept.roster, swept.distances.falls
    thresholds = swept.warm.tables.rules.thresholds[roster.desk_of, :3]
    limits, warns = lines_of(leverage.caps, leverage.row)
    one = np.ones(len(warns))
    names = [*(cap.name for cap in leverage.caps), "missing"]
    values = [*(plain(cap.limit) for cap in leverage.caps), None]
    last = np.where(leverage.row < 0, len(leverage.caps), leverage.row)
    found = {
        **roster.accounts,
        **_money(swept),
        "utilisation": _share(totals.utilisation, [*thresholds.T, one]),
        "level": packed_words(LEVELS, totals.level),
        "bounded": packed_flags(swept.doubt.bounded),
        "unknown_because": packed_blanks(len(warns)),
        "binding_pool": _binding_pool(swept),
        "control": packed_words([FREE], np.zeros(len(warns))),
        "leverage": _share(totals.leverage, [limits]),
        "cap": packed_words(values, last),
        "cap_name": packed_words(names, last),
        "cap_use": _share(leverage.use, [warns, one]),
        "cap_state": packed_words(CAP_STATES, states),
        "distance": _shock(_nearest(falls[:, :2])),
        "distance_down": _shock(falls[:, 0]),
        "distance_up": _shock(falls[:, 1]),
        "next_level": packed_words([*LEVELS[:-1], None], swept.distances.next_levels),
        "next": _shock(_nearest(falls[:, 2:])),
        "next_down": _shock(falls[:, 2]),
        "next_up": _shock(falls[:, 3]),
        **_oldest(swept),
    }
    return {name: found[name] for name in ACCOUNT_COLUMNS}


def _nearest(pair: Floats) -> Floats:
    return np.fmin(np.abs(pair[:, 0]), np.abs(pair[:, 1]))


def _shock(shocks: Floats) -> Packed:
    return packed_units(shocks_of(shocks, RATE_PLACES), RATE_PLACES)


def _money(swept: Swept) -> dict[str, Packed]:
    """Sums by account. Digits are carried where rounding would hide which side of a line equity is on."""
    totals, places = swept.totals, swept.roster.names.places
    scale = np.abs(totals.equity) + totals.gross
    equity = units_of(totals.equity, scale, places, up=False)
    required = (totals.initial, totals.maintenance, totals.house)
    units = [
        np.where(figure == totals.equity, equity, units_of(figure, scale, places, up=True))
        for figure in required
    ]
    found = {
        "equity": packed_units(equity, places),
        "initial": packed_units(units[0], places),
        "maintenance": packed_units(units[1], places),
        "house_maintenance": packed_units(units[2], places),
        "gross": packed_units(units_of(totals.gross, scale, places, up=True), places),
        "net": packed_units(units_of(totals.net, scale, places, up=False), places),
        "free_margin": packed_units(units_of(totals.free, scale, places, up=False), places),
    }
    wrong = np.zeros(len(equity), dtype=np.bool_)
    for figure, shown_as in zip(required, units, strict=True):
        wrong |= np.sign(totals.equity - figure) != np.sign(equity - shown_as)
    wrong |= np.sign(totals.house - totals.maintenance) != np.sign(units[2] - units[1])
    wrong &= equity != NONE
    for row in np.flatnonzero(wrong).tolist():
        exact = Risk(*(Fraction(float(figure[row])) for figure in (totals.equity, *required)))
        text = shown.risk(exact, int(places[row]))
        for name, number in zip(
            list(found)[:4], (text.equity, text.initial, text.maintenance, text.house), strict=True
        ):
            found[name].own[row] = f"{number:f}"
    return found


def _share(shares: Floats, lines: Sequence[Floats]) -> Packed:
    """Up, but on the side of every line on which it is."""
    ones = np.ones(len(shares))
    units = units_of(shares, np.abs(shares), np.full(len(shares), RATE_PLACES), up=True)
    found = packed_units(units, RATE_PLACES)
    wrong = np.zeros(len(shares), dtype=np.bool_)
    for line in lines:
        at = line * ones * 10.0**RATE_PLACES
        wrong |= np.sign(shares - line) != np.sign(units - at)
    wrong &= (units != NONE) & ~np.any(np.isnan(np.column_stack(lines)), axis=1)
    for row in np.flatnonzero(wrong).tolist():
        exact = [Fraction(repr(float(line[row]))) for line in lines]
        found.own[row] = f"{shown.share(Fraction(repr(float(shares[row]))), exact, RATE_PLACES):f}"
    return found


def _binding_pool(swept: Swept) -> Packed:
    book, first = swept.warm, swept.warm.columns.account_start[:-1]
    pool = first + swept.totals.binding
    rows = np.where(book.pool_isolated[pool], book.pool_name_row[pool], -1)
    return packed_named(rows, book.pool_names, prefix="isolated:", none="cross", still=False)


def _oldest(swept: Swept) -> dict[str, Packed]:
    """When the oldest price that each account rests on is from, and how it stands."""
    prices = [swept.pinned[instrument.code] for instrument in swept.warm.tables.instruments]
    dated = [None if one.time is None else (one.time.isoformat(), one.state.value) for one in prices]
    each = sorted({one for one in dated if one is not None})
    rank = {one: k for k, one in enumerate(each)}
    never = len(each)
    of = np.array([never if one is None else rank[one] for one in dated], dtype=np.int64)
    oldest = np.full(len(swept.roster.facts), never, dtype=np.int64)
    some = swept.roster.counts > 0
    if some.any():
        starts = swept.roster.held[:-1][some]
        oldest[some] = np.minimum.reduceat(of[swept.warm.columns.instrument], starts)
    return {
        "price_time": packed_words([*(time for time, _ in each), None], oldest),
        "price_state": packed_words([*(state for _, state in each), None], oldest),
    }


def position_columns(swept: Swept) -> dict[str, Packed]:
    held, roster, book = swept.held, swept.roster, swept.warm
    places = roster.position_places
    scale = held.notional + np.abs(held.profit)
    marks = [swept.pinned[instrument.code].as_shown().mark for instrument in book.tables.instruments]
    found = {
        **roster.positions,
        "mark": packed_words([_marked(mark) for mark in marks], book.columns.instrument),
        "notional": packed_units(units_of(held.notional, scale, places, up=True), places),
        "unrealised_pnl": packed_units(units_of(held.profit, scale, places, up=False), places),
        "maintenance": packed_units(units_of(held.maintenance, scale, places, up=True), places),
        "liquidation_price": _liquidation(swept),
        "pool_level": packed_words(LEVELS, swept.room.figures.found.levels[roster.pool_of]),
    }
    return {name: found[name] for name in POSITION_COLUMNS}


def _marked(mark: str | None) -> str | None:
    return None if mark is None else plain(Fraction(mark))


def _liquidation(swept: Swept) -> Packed:
    """Towards the mark, and at the mark only where it is the mark."""
    guarded = swept.book.rules.guarded
    instruments, of = swept.warm.tables.instruments, swept.warm.columns.instrument
    places = np.array([guarded[instrument.code].price_places for instrument in instruments], dtype=np.uint8)[
        of
    ]
    prices, marks = swept.prices.prices, swept.quotes.marks[of]
    scale = 50.0 * (np.abs(prices) + np.abs(marks))
    up, down = units_of(prices, scale, places, up=True), units_of(prices, scale, places, up=False)
    units = np.where(prices < marks, up, down)
    found = packed_units(units, places)
    same = (units != NONE) & (prices != marks) & (units == np.rint(marks * 10.0**places))
    for row in np.flatnonzero(same).tolist():
        price, mark = Fraction(repr(float(prices[row]))), Fraction(repr(float(marks[row])))
        found.own[row] = f"{shown.price(price, mark, int(places[row])):f}"
    return found
