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

from margin.engine.columns import MOST_TIERS, Columns, Floats, Ints, Rules
from margin.engine.compiled import threads
from margin.engine.figures import Level
from margin.engine.kernels import (
    ALPHA,
    BETA,
    BUFFER,
    CHARGES,
    CLOSE,
    DEDUCTIONS,
    FLOORS,
    HAIR,
    INITIAL,
    OMEGA,
    SIGN,
    WIDTH,
    Found,
    Tick,
    account_totals,
    all_stretches,
    stretch,
)
from margin.engine.price_kernels import ASK, liquidation_prices, scenario_losses

CHUNKS_A_THREAD = 8


@dataclass(frozen=True, slots=True)
class Quotes:
    """Marks per instrument, rates per (base, asset); NaN is missing. `doubt` marks prices that are not sure.

    `bases` are the asset rows of the bases, so that a base's own debt is no liability.
    """

    marks: Floats
    rates: Floats
    bases: Ints
    doubt: NDArray[np.bool_]


def multiplied_out(rules: Rules, quotes: Quotes) -> Tick:
    """Marks, rates and schedules as one row per base and instrument."""
    rows = np.empty((len(quotes.rates), len(rules.codes), WIDTH), dtype=np.float64)
    every = np.arange(len(rules.codes))
    write_rows(rows, rules, quotes, every)
    counted = 1.0 - rules.haircut_rates
    liabilities = np.zeros((len(quotes.rates), len(rules.assets), 2), dtype=np.float64)
    liabilities[:, :, 0], liabilities[:, :, 1] = rules.liability_initial, rules.liability_maintenance
    liabilities[np.arange(len(quotes.bases)), quotes.bases] = 0.0
    return Tick(
        rows,
        quotes.rates,
        np.hstack([rules.haircut_floors, counted, rules.haircut_offsets]),
        rules.haircut_count,
        liabilities,
        rules.thresholds,
        rules.leverages,
    )


def write_rows(rows: Floats, rules: Rules, quotes: Quotes, chosen: Ints) -> None:
    """The rows of these instruments, in place."""
    mark, inverse = quotes.marks[chosen], rules.inverse[chosen]
    rate = quotes.rates[:, rules.settlement[chosen]]
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.where(inverse, 1.0 / mark, np.maximum(np.abs(mark), rules.reference[chosen]))
        signed = np.where(inverse, -1.0 / mark, mark)
    bad = ~np.isfinite(mark) | ((mark <= 0.0) & ~(rules.may_be_negative[chosen] & ~inverse))
    unit, signed = np.where(bad, np.nan, unit), np.where(bad, np.nan, signed)
    rows[:, chosen, ALPHA] = signed * rate
    rows[:, chosen, BETA] = np.where(inverse, 1.0, -1.0) * rate
    rows[:, chosen, OMEGA] = unit * rate
    rows[:, chosen, SIGN] = unit * rate * np.sign(mark)
    rows[:, chosen, BUFFER] = rules.buffer[chosen]
    rows[:, chosen, HAIR] = np.where(quotes.doubt[chosen], np.inf, CLOSE)
    unused = np.arange(MOST_TIERS + 1) >= rules.tier_count[chosen][:, None]
    floors = np.pad(rules.floors[chosen], ((0, 0), (0, 1)))
    scaled = np.where(unused, np.inf, floors * rate[:, :, None])
    rows[:, chosen, FLOORS : FLOORS + MOST_TIERS + 1] = scaled
    rows[:, chosen, INITIAL : INITIAL + MOST_TIERS] = rules.initial_rates[chosen]
    rows[:, chosen, CHARGES : CHARGES + MOST_TIERS] = rules.charges[chosen]
    rows[:, chosen, DEDUCTIONS : DEDUCTIONS + MOST_TIERS] = rules.deductions[chosen] * rate[:, :, None]


@dataclass(frozen=True, slots=True)
class Totals:
    """Per account: E_total, gross, leverage (infinite on no equity)."""

    equity: Floats
    gross: Floats
    leverage: Floats


class BookFigures:
    """One book's newest figures, kept in place and computed on request. Called from one thread."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.every = np.arange(columns.pool_count, dtype=np.int32)
        self.bounds = _bounds(columns)
        pools, accounts = columns.pool_count, len(columns.account_start) - 1
        self.found = Found(
            np.zeros((pools, 6), dtype=np.float64),
            np.zeros(pools, dtype=np.uint8),
            np.zeros(pools, dtype=np.uint8),
        )
        self.totals = Totals(*(np.zeros(accounts, dtype=np.float64) for _ in range(3)))

    def revalue(self, tick: Tick) -> None:
        """Every pool and account."""
        all_stretches(self.every, self.bounds, self.columns, tick, self.found)
        account_totals(
            self.columns.account_start,
            self.found.figures,
            self.totals.equity,
            self.totals.gross,
            self.totals.leverage,
        )

    def revalue_pools(self, tick: Tick, pools: Ints) -> None:
        """These pools from scratch; account totals are asked for separately."""
        stretch(pools, 0, len(pools), self.columns, tick, self.found)

    def undecided(self) -> Ints:
        """Pools whose level float64 is not trusted with."""
        return np.flatnonzero(self.found.close)

    def settle(self, decide: Callable[[int], Level]) -> None:
        """Each undecided pool's level from exact arithmetic."""
        for pool in self.undecided():
            self.found.levels[pool] = decide(int(pool))


def _bounds(columns: Columns) -> Ints:
    """Pools at which stretches of about as many positions and balances begin."""
    work = columns.pool_start.astype(np.int64) + columns.balance_start
    found = np.searchsorted(work, np.linspace(0, work[-1], threads() * CHUNKS_A_THREAD + 1))
    found[0], found[-1] = 0, columns.pool_count
    return found.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Index:
    """Which pools hold an instrument or an asset: a stretch of `pools` each."""

    start: NDArray[np.int64]
    pools: NDArray[np.int32]

    def of(self, keys: Iterable[int]) -> Ints:
        """The pools of any of these, each once, in order."""
        stretches = [self.pools[self.start[key] : self.start[key + 1]] for key in keys]
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

    def to_ask(self) -> Ints:
        return np.flatnonzero(self.codes == ASK)


def book_prices(book: BookFigures, rules: Rules, quotes: Quotes, tick: Tick) -> BookPrices:
    """Every position's liquidation price, from figures that have been computed."""
    count = book.columns.position_count
    found = BookPrices(np.empty(count, dtype=np.float64), np.empty(count, dtype=np.uint8))
    liquidation_prices(
        book.bounds, book.columns, tick, book.found, rules.inverse, rules.underlying, rules.by_search,
        rules.tier_count, quotes.marks, found.prices, found.codes,
    )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class BookLosses:
    """Per pool the worst loss and its scenario (-1: none loses); per scenario what the whole book gains."""

    worst: Floats
    scenario: NDArray[np.int32]
    totals: Floats


def book_losses(book: BookFigures, rules: Rules, quotes: Quotes, moves: Floats) -> BookLosses:
    """`moves` per instrument and scenario: by which share its mark moves, down to zero unless it may pass."""
    mark, inverse = quotes.marks[:, None], rules.inverse[:, None]
    moved = mark + moves * np.abs(mark)
    moved = np.where(rules.may_be_negative[:, None] & ~inverse, moved, np.maximum(moved, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(inverse, 1.0 / mark - 1.0 / moved, moved - mark)
    shifts = quotes.rates[:, rules.settlement][:, :, None] * shift[None, :, :]
    pools = book.columns.pool_count
    worst, which = np.empty(pools, dtype=np.float64), np.empty(pools, dtype=np.int32)
    totals = np.zeros((len(book.bounds) - 1, moves.shape[1]), dtype=np.float64)
    scenario_losses(book.bounds, book.columns, np.ascontiguousarray(shifts), worst, which, totals)
    return BookLosses(worst, which, totals.sum(axis=0))
