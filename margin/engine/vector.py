"""The whole book at once: the same figures as `exact`, in columns.

Takes columns and a vector of prices; gives figures, levels, leverage. Decisions equal those of exact
arithmetic: pools too close to a line (or with a price in doubt, or rules of a whole pool) are listed, and
decided again by the exact engine. After a tick only the pools that hold a moved instrument or asset are
computed, from scratch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.columns import Columns, Floats, Ints, Rules
from margin.engine.compiled import threads
from margin.engine.figures import Level
from margin.engine.kernels import ALPHA, LEAST, UNKNOWN, Found, Tick, Totals, revalue_all
from margin.engine.price_kernels import liquidation_prices
from margin.engine.scenario_kernels import scenario_losses, scenario_margins
from margin.engine.tick_kernels import revalue_some
from margin.engine.ticks import Quotes

CHUNKS_A_THREAD = 8
WORTH_SHARING = 500
EVERY_POOL = np.zeros(0, dtype=np.int32)


class BookFigures:
    """One book's newest figures, kept in place and computed on request. Called from one thread."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.bounds = _bounds(columns)
        pools, accounts = columns.pool_count, columns.account_count
        self.owners = np.repeat(np.arange(accounts, dtype=np.int32), np.diff(columns.account_start))
        self.found = Found(
            np.zeros((pools, 6), dtype=np.float64),
            np.zeros(pools, dtype=np.uint8),
            np.zeros(pools, dtype=np.uint8),
        )
        self.totals = Totals(*(np.zeros(accounts, dtype=np.float64) for _ in range(3)))

    def revalue(self, tick: Tick) -> None:
        """Every pool and account."""
        revalue_all(EVERY_POOL, self.bounds, self.columns, tick, self.found, self.totals)

    def revalue_pools(self, tick: Tick, pools: Ints) -> None:
        """These pools from scratch, in order, and the accounts they belong to."""
        if len(pools):
            parts = threads() if len(pools) > WORTH_SHARING else 1
            revalue_some(pools, self.owners, parts, self.columns, tick, self.found, self.totals)

    def undecided(self) -> Ints:
        """Pools whose level float64 is not trusted with."""
        return np.flatnonzero(self.found.close)

    def settle(self, decide: Callable[[int], Level]) -> None:
        """Each undecided pool's level from exact arithmetic."""
        for pool in self.undecided():
            self.found.levels[pool] = decide(int(pool))


def _bounds(columns: Columns) -> Ints:
    """Accounts at which stretches of about as many positions and balances begin."""
    rows = columns.pool_start.astype(np.int64) + columns.balance_start
    work = rows[columns.account_start]
    found = np.searchsorted(work, np.linspace(0, work[-1], threads() * CHUNKS_A_THREAD + 1))
    found[0], found[-1] = 0, columns.account_count
    return found.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Index:
    """Which pools hold an instrument or an asset: a stretch of `pools` each."""

    start: NDArray[np.int64]
    pools: NDArray[np.int32]

    def of(self, keys: Iterable[int]) -> Ints:
        """The pools of any of these, each once, in order."""
        stretches = [self.pools[self.start[key] : self.start[key + 1]] for key in keys]
        if len(stretches) == 1:
            return stretches[0]
        return np.unique(np.concatenate(stretches)) if stretches else self.pools[:0]


def pools_by_instrument(columns: Columns, instruments: int) -> Index:
    counts = np.diff(columns.pool_start)
    return _index(columns.instrument, np.repeat(np.arange(columns.pool_count), counts), instruments)


def pools_by_asset(columns: Columns, assets: int) -> Index:
    counts = np.diff(columns.balance_start)
    return _index(columns.balance_asset, np.repeat(np.arange(columns.pool_count), counts), assets)


def _index(keys: Ints, pools: Ints, count: int) -> Index:
    """Sorted by key, a pool once a key."""
    order = np.argsort(keys, kind="stable")
    sorted_keys, sorted_pools = keys[order].astype(np.int64), pools[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (sorted_keys[1:] != sorted_keys[:-1]) | (sorted_pools[1:] != sorted_pools[:-1])
    sorted_keys, sorted_pools = sorted_keys[first], sorted_pools[first]
    start = np.searchsorted(sorted_keys, np.arange(count + 1))
    return Index(start.astype(np.int64), sorted_pools.astype(np.int32))


@dataclass(frozen=True, slots=True)
class BookPrices:
    """By position: the liquidation price (NaN for none), and whether the exact engine must be asked."""

    prices: Floats
    codes: NDArray[np.uint8]


def room_for_prices(columns: Columns) -> BookPrices:
    """To be written again and again."""
    count = columns.position_count
    return BookPrices(np.zeros(count, dtype=np.float64), np.zeros(count, dtype=np.uint8))


def book_prices(
    book: BookFigures, rules: Rules, quotes: Quotes, tick: Tick, into: BookPrices | None = None
) -> BookPrices:
    """Every position's liquidation price, from figures that have been computed."""
    found = into or room_for_prices(book.columns)
    liquidation_prices(
        book.bounds, book.columns, tick, book.found, rules.inverse, rules.underlying, rules.by_search,
        rules.may_be_negative, quotes.marks, found.prices, found.codes,
    )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class BookLosses:
    """Per pool the worst loss and its scenario (-1: none loses); per scenario what the whole book gains."""

    worst: Floats
    scenario: NDArray[np.int32]
    totals: Floats


@dataclass(frozen=True, slots=True)
class BookMargins:
    """Per pool the least E - MM and its scenario; per scenario how many pools have E < MM."""

    least: Floats
    scenario: NDArray[np.int32]
    short: Ints


def book_losses(book: BookFigures, rules: Rules, quotes: Quotes, moves: Floats) -> BookLosses:
    """`moves` per instrument and scenario: by which share its mark moves, down to zero unless it may pass.

    NaN, with scenario -1, where a pool holds what has no price in some scenario.
    """
    columns, shifts = book.columns, _shifts(rules, quotes, moves)
    unpriced = _without_price(columns, shifts)
    worst = np.empty(columns.pool_count, dtype=np.float64)
    which = np.empty(columns.pool_count, dtype=np.int32)
    totals = np.empty((len(book.bounds) - 1, moves.shape[1]), dtype=np.float64)
    scenario_losses(book.bounds, columns, shifts, worst, which, totals)
    worst[unpriced], which[unpriced] = np.nan, -1
    return BookLosses(
        worst, which, totals.sum(axis=0) if not len(unpriced) else np.full(len(totals.T), np.nan)
    )


def book_margins(book: BookFigures, rules: Rules, quotes: Quotes, tick: Tick, moves: Floats) -> BookMargins:
    """The same with requirements, in the tier each scenario leads to; collateral stands still.

    NaN, with scenario -1, also where the pool's level is unknown: such pools are not counted as short.
    """
    columns, shifts = book.columns, _shifts(rules, quotes, moves)
    unknown = np.union1d(_without_price(columns, shifts), np.flatnonzero(book.found.levels == UNKNOWN))
    units = np.abs(tick.rows[:, :, ALPHA, None] + shifts)
    floor = tick.rows[:, :, LEAST]
    widest = np.stack([np.maximum(units.min(axis=2), floor), np.maximum(units.max(axis=2), floor)], axis=2)
    least = np.empty(columns.pool_count, dtype=np.float64)
    which = np.empty(columns.pool_count, dtype=np.int32)
    short = np.empty((len(book.bounds) - 1, moves.shape[1]), dtype=np.int64)
    scenario_margins(book.bounds, columns, tick, book.found, shifts, widest, least, which, short)
    least[unknown], which[unknown] = np.nan, -1
    return BookMargins(least, which, short.sum(axis=0))


def _shifts(rules: Rules, quotes: Quotes, moves: Floats) -> Floats:
    """By base, instrument and scenario: the change of ALPHA."""
    mark, inverse = quotes.marks[:, None], rules.inverse[:, None]
    moved = mark + moves * np.abs(mark)
    moved = np.where(rules.may_be_negative[:, None] & ~inverse, moved, np.maximum(moved, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(inverse, 1.0 / mark - 1.0 / moved, moved - mark)
    return np.ascontiguousarray(quotes.rates[:, rules.settlement][:, :, None] * shift[None, :, :])


def _without_price(columns: Columns, shifts: Floats) -> Ints:
    """Pools with an instrument that has no value in some scenario; there the shifts become zero."""
    lost = np.asarray(~np.isfinite(shifts).all(axis=(0, 2)))
    if not lost.any():
        return EVERY_POOL
    shifts[:, lost] = 0.0
    owners = np.repeat(np.arange(columns.pool_count), np.diff(columns.pool_start))
    return np.unique(owners[lost[columns.instrument]])
