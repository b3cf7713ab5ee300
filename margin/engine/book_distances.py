"""How far the market may move, for a whole book: the same answers as `distance`, in columns.

Takes a book whose figures have been computed, its tick and how prices answer to one market-wide shock; gives
per account its level, the next worse one, and the first falls down and up. Accounts whose pools have no way
here are listed, and asked of the exact engine.
"""

# ruff: noqa: PLR0917

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.columns import Columns, Floats, Ints, Rules
from margin.engine.distance_kernels import account_falls, account_levels, pool_falls
from margin.engine.figures import Level
from margin.engine.kernels import Tick
from margin.engine.ticks import Quotes
from margin.engine.types import ZERO, AssetTerms, Instrument
from margin.engine.vector import BookFigures


@dataclass(frozen=True, slots=True)
class Loadings:
    """Per instrument, and per base and asset; NaN is what only the exact engine knows how to move."""

    instruments: Floats
    assets: Floats


@dataclass(frozen=True, slots=True)
class BookDistances:
    """A row an account. `falls`: liquidation down and up, next level down and up; NaN beyond the range.

    `next_levels` is `UNKNOWN` where there is none. `asked` accounts have no figures here.
    """

    levels: NDArray[np.uint8]
    next_levels: NDArray[np.uint8]
    falls: Floats
    asked: NDArray[np.bool_]


def loadings_of(
    rules: Rules, bases: Ints, instruments: Mapping[str, Instrument], terms: Mapping[str, AssetTerms]
) -> Loadings:
    """`bases` are the asset rows of the bases: a base currency never moves."""
    shares = np.array([_share(instruments[code]) for code in rules.codes], dtype=np.float64)
    drifts = np.array([_drift(terms.get(asset)) for asset in rules.assets], dtype=np.float64)
    by_base = np.repeat(drifts[None, :], len(bases), axis=0)
    by_base[np.arange(len(bases)), bases] = 0.0
    return Loadings(shares, by_base)


def _share(instrument: Instrument) -> float:
    asked = instrument.reference_price or instrument.schedule.has_own_amounts or instrument.fx_loading
    return np.nan if asked else float(instrument.loading)


def _drift(terms: AssetTerms | None) -> float:
    """What has no terms stands still; haircuts that fall again bend the wrong way."""
    if terms is None or terms.loading == ZERO:
        return 0.0
    return float(terms.loading) if terms.haircuts.only_rise else np.nan


def book_distances(
    book: BookFigures,
    rules: Rules,
    quotes: Quotes,
    tick: Tick,
    loadings: Loadings,
    *,
    but: tuple[NDArray[np.bool_], BookDistances] | None = None,
) -> BookDistances:
    """Of every account, from the book's newest figures; `but` those flagged stand as they are given."""
    if but is not None:
        return _but(book, rules, quotes, tick, loadings, *but)
    columns, found = book.columns, book.found
    pools, accounts = columns.pool_count, len(columns.account_start) - 1
    levels, next_of_pools = np.empty(accounts, dtype=np.uint8), np.empty(pools, dtype=np.uint8)
    account_levels(columns.account_start, found, found.levels, levels, next_of_pools)
    falls, asked = np.empty((pools, 4), dtype=np.float64), np.empty(pools, dtype=np.uint8)
    pool_falls(
        book.bounds, columns, tick, found, rules.inverse, rules.may_be_negative,
        loadings.instruments, loadings.assets, quotes.marks, next_of_pools,
        _most(columns.pool_start), _most(columns.balance_start), falls, asked,
    )  # fmt: skip
    first, ask = np.empty((accounts, 4), dtype=np.float64), np.empty(accounts, dtype=np.uint8)
    account_falls(columns.account_start, falls, asked, first, ask)
    return _bound(columns, BookDistances(levels, next_of_pools[columns.account_start[:-1]], first, ask > 0))


def _but(
    book: BookFigures,
    rules: Rules,
    quotes: Quotes,
    tick: Tick,
    loadings: Loadings,
    standing: NDArray[np.bool_],
    before: BookDistances,
) -> BookDistances:
    """Pools that are not asked about are told for unknown, which costs nothing."""
    found, levels = book.found, book.found.levels.copy()
    found.levels[standing[book.owners]] = Level.UNKNOWN
    fresh = book_distances(book, rules, quotes, tick, loadings)
    found.levels[:] = levels
    for new, old in (
        (fresh.levels, before.levels), (fresh.next_levels, before.next_levels), (fresh.falls, before.falls),
        (fresh.asked, before.asked),
    ):  # fmt: skip
        new[standing] = old[standing]
    return fresh


def _most(starts: Ints) -> int:
    return int(np.diff(starts).max(initial=0))


def _bound(columns: Columns, found: BookDistances) -> BookDistances:
    """Where a pool is lost already nothing more can come; the unknown is at no distance from anything."""
    lost, unknown = found.levels == Level.LIQUIDATION, found.levels == Level.UNKNOWN
    found.falls[lost] = (0.0, 0.0, np.nan, np.nan)
    found.falls[unknown] = np.nan
    found.next_levels[lost | unknown] = Level.UNKNOWN
    return found
