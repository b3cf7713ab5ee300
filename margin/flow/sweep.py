"""Step 2 for a large shard: every pool in columns, and exactly whatever hangs on more than columns carry.

Takes a warm book and the pinned marks; gives figures of every pool and account, levels equal to exact ones.
An account is measured exactly where a figure is too near a line, a price is in doubt or missing, or its terms
are not carried; and on request, one by one, for what is said or decided of it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from margin.book.marks import Pinned
from margin.book.warm import WarmBook
from margin.engine.book_accounts import (
    AccountColumns,
    PositionColumns,
    fill_positions,
    sum_accounts,
)
from margin.engine.book_distances import BookDistances, Loadings, book_distances, loadings_of
from margin.engine.figures import AccountFigures, Level, PoolFigures
from margin.engine.kernels import UNKNOWN, Tick
from margin.engine.price_kernels import ASK
from margin.engine.ticks import Quotes, multiplied_out
from margin.engine.vector import BookPrices, book_prices
from margin.flow.doubt_columns import Doubt, in_doubt
from margin.flow.recompute import Computed, Markets, Measured, figures_of, measure
from margin.flow.room import Room, Seen
from margin.flow.roster import Roster

AMOUNTS = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")


class Asked(Mapping[int, Measured]):
    """Accounts by id, measured exactly when asked for, without distances: once a run."""

    def __init__(self, book: WarmBook, markets: Markets) -> None:
        self.book, self.markets = book, markets
        self.known: dict[int, Measured] = {}

    def __getitem__(self, account_id: int) -> Measured:
        if account_id not in self.known:
            self.known[account_id] = figures_of(self.book, account_id, self.markets)
        return self.known[account_id]

    def __iter__(self) -> Iterator[int]:
        return self.book.account_ids()

    def __len__(self) -> int:
        return len(self.book.rules.accounts)


@dataclass(frozen=True, slots=True)
class Swept(Computed):
    """`exact` are the rows of accounts that were measured exactly, `far` those with their distances."""

    warm: WarmBook
    quotes: Quotes
    tick: Tick
    room: Room
    distances: BookDistances
    exact: Mapping[int, Measured]
    far: frozenset[int]
    doubt: Doubt

    @property
    def roster(self) -> Roster:
        return self.room.roster

    def at_levels(self, levels: Collection[Level]) -> frozenset[int]:
        return frozenset(self.warm.ids[np.isin(self.totals.level, [int(one) for one in levels])].tolist())

    def of_clients(self, clients: Set[int]) -> list[int]:
        rows = self.roster.names.client_rows
        members = (row for client in sorted(clients) for row in self.roster.members_of(rows[client]))
        return [int(self.warm.ids[row]) for row in members]

    def held_by_desk(self) -> Mapping[int, Set[str]]:
        instruments = self.warm.tables.instruments
        every = zip(self.warm.tables.desks, self.roster.held_by_desk, strict=True)
        carried = set(self.roster.desk_of.tolist())
        return {
            desk: {instruments[row].code for row in held}
            for k, (desk, held) in enumerate(every)
            if k in carried
        }

    def holders_of(self, instruments: Set[str]) -> frozenset[int]:
        wanted = np.array([own.code in instruments for own in self.warm.tables.instruments])
        pools = self.roster.pool_of[wanted[self.warm.columns.instrument]]
        rows = np.unique(self.room.figures.owners[pools])
        return frozenset(self.warm.ids[rows].tolist())

    @property
    def totals(self) -> AccountColumns:
        return self.room.accounts

    @property
    def held(self) -> PositionColumns:
        return self.room.positions

    @property
    def prices(self) -> BookPrices:
        return self.room.prices


def sweep(
    book: WarmBook,
    pinned: Mapping[str, Pinned],
    at: datetime,
    *,
    keep_alive: Callable[[], None],
    room: Room,
) -> Swept:
    """All of the shard. `keep_alive` is called before each account that is measured exactly.

    Step by step, each resting on the one above it: this is the order of a large shard, as `cycle` is a run's.
    """
    markets = Markets(book, pinned)
    quotes = quotes_of(book, markets)
    tables, columns, figures = book.tables, book.columns, room.figures
    tick = multiplied_out(tables.rules, replace(quotes, doubt=np.zeros_like(quotes.doubt)))
    figures.revalue(tick)
    fill_positions(figures.bounds, columns, tick, room.positions)
    asked = Asked(book, markets)
    doubt = in_doubt(book, room, markets, quotes)
    near = figures.found.close.astype(np.bool_)
    rows = np.unique(figures.owners[near | doubt.open])
    for row in rows.tolist():
        keep_alive()
        _settle(book, room, row, asked[int(book.ids[row])].figures)
    sum_accounts(figures.bounds, columns.account_start, figures.found, room.accounts)
    book_prices(figures, tables.rules, quotes, tick, into=room.prices)
    found = _distances(book, room, markets, quotes, tick)
    far = _left_over(room, found, near)
    exact = {row: asked[int(book.ids[row])] for row in rows.tolist()}
    for row in far:
        keep_alive()
        exact[row] = measure(book, int(book.ids[row]), markets)
    return Swept(
        book,
        pinned,
        markets,
        at,
        asked,
        book,
        quotes,
        tick,
        room,
        found,
        exact,
        frozenset(far),
        doubt,
    )


def _distances(book: WarmBook, room: Room, markets: Markets, quotes: Quotes, tick: Tick) -> BookDistances:
    """Of every account, kept in the room; an account for which nothing changed stands as it was."""
    still = _untouched(book, room, markets)
    but = None if still is None or room.distances is None else (still, room.distances)
    found = book_distances(room.figures, book.tables.rules, quotes, tick, _loadings(book), but=but)
    room.seen, room.distances = _seen(book, markets), found
    return found


def _left_over(room: Room, found: BookDistances, near: NDArray[np.bool_]) -> list[int]:
    """Rows of the accounts whose prices and distances only the exact engine knows."""
    owners = room.figures.owners
    by_search = owners[room.roster.pool_of[room.prices.codes == ASK]]
    dark = owners[near | (room.figures.found.levels == UNKNOWN)]
    rows: list[int] = np.unique(np.concatenate([np.flatnonzero(found.asked), by_search, dark])).tolist()
    return rows


def quotes_of(book: WarmBook, markets: Markets) -> Quotes:
    """The run's prices as the tables name them; what is missing or impossible is NaN."""
    tables = book.tables
    marks = np.full(len(tables.instruments), np.nan)
    doubt = np.zeros(len(tables.instruments), dtype=np.bool_)
    for row, instrument in enumerate(tables.instruments):
        mark = markets.marks.get(instrument.code)
        if mark is not None and mark.price is not None:
            marks[row], doubt[row] = float(mark.price), mark.state.in_doubt
    assets = tables.rules.assets
    rates = np.full((len(tables.bases), len(assets)), np.nan)
    for base, code in enumerate(tables.bases):
        found = markets.seen_from(code).rates
        for k, asset in enumerate(assets):
            value = found[asset].value if asset in found else None
            if value is not None and value > 0:
                rates[base, k] = float(value)
        rates[base, assets.index(code)] = 1.0
    own = np.array([assets.index(code) for code in tables.bases], dtype=np.int64)
    return Quotes(marks, rates, own, doubt)


def _seen(book: WarmBook, markets: Markets) -> Seen:
    return markets.marks, {base: markets.seen_from(base).rates for base in book.tables.bases}


def _untouched(book: WarmBook, room: Room, markets: Markets) -> NDArray[np.bool_] | None:
    """Accounts none of whose prices differs from those of the run before; None where there was none."""
    if room.seen is None:
        return None
    tables, columns = book.tables, book.columns
    marks, rates = room.seen
    codes = [instrument.code for instrument in tables.instruments]
    moved = np.array([marks.get(code) != markets.marks.get(code) for code in codes], dtype=np.bool_)
    turned = np.array(
        [
            [
                rates[base].get(asset) != markets.seen_from(base).rates.get(asset)
                for asset in tables.rules.assets
            ]
            for base in tables.bases
        ]
    )
    pools = room.roster.pool_of
    held = moved | turned[:, tables.rules.settlement].any(axis=0)
    owners = np.repeat(np.arange(columns.pool_count), np.diff(columns.balance_start))
    touched = np.zeros(columns.account_count, dtype=np.bool_)
    touched[room.figures.owners[pools[held[columns.instrument]]]] = True
    touched[room.figures.owners[owners[turned[columns.pool_base[owners], columns.balance_asset]]]] = True
    return ~touched


def _loadings(book: WarmBook) -> Loadings:
    tables = book.tables
    own = np.array([tables.rules.assets.index(code) for code in tables.bases], dtype=np.int64)
    instruments = {instrument.code: instrument for instrument in tables.instruments}
    return loadings_of(tables.rules, own, instruments, tables.terms)


def _settle(book: WarmBook, room: Room, row: int, figures: AccountFigures) -> None:
    """An account's exact figures in the place of its float ones."""
    first, last = (int(one) for one in book.columns.account_start[row : row + 2])
    found = room.figures.found
    pools = {pool.pool: pool for pool in figures.pools}
    for pool in range(first, last):
        own = pools.get(book.pool_name(pool))
        found.figures[pool] = _amounts(own)
        found.levels[pool] = UNKNOWN if own is None else int(own.level)
    _settle_positions(book, room, row, figures)


def _amounts(pool: PoolFigures | None) -> list[float]:
    values = [getattr(pool, name, None) for name in AMOUNTS]
    return [np.nan if value is None else float(value) for value in values]


def _settle_positions(book: WarmBook, room: Room, row: int, figures: AccountFigures) -> None:
    shown = {own.ref: own for own in figures.positions}
    for p in book.held_by(int(book.ids[row])):
        own = shown[book.refs[p]]
        for column, value in zip(
            room.positions, (own.notional, own.unrealised_pnl, own.maintenance), strict=True
        ):
            column[p] = np.nan if value is None else float(value)
