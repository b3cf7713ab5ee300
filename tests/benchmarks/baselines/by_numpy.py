"""A revaluation in numpy: columns in blocks that stay in the cache, sorted, summed by reduceat."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from margin.engine.columns import MOST_TIERS
from margin.engine.kernels import (
    ALPHA,
    BETA,
    BUFFER,
    CHARGES,
    COUNTED,
    CUT_OFFSETS,
    DEDUCTIONS,
    FLOORS,
    INITIAL,
    OMEGA,
    OWED_INITIAL,
    OWED_MAINTENANCE,
    RATE,
    SIGN,
    Tick,
)
from tests.benchmarks.baselines.answer import Answer
from tests.benchmarks.baselines.legs import Floats, Ints, legs_of
from tests.benchmarks.random_book import Book

BLOCK = 16_384
Bounds = NDArray[np.int64]


class ByNumpy:
    """Prepared once; `revalue` is what a tick costs."""

    def __init__(self, book: Book) -> None:
        self.book, self.legs = book, legs_of(book)
        columns, pools = book.columns, book.columns.pool_count
        self.leg_start = np.searchsorted(self.legs.pool, np.arange(pools + 1))
        self.balance_start = columns.balance_start.astype(np.int64)
        owner = np.repeat(np.arange(pools), np.diff(self.balance_start))
        self.balance_row = columns.pool_base[owner] * np.int64(len(book.rules.assets)) + columns.balance_asset
        self.answer = Answer(
            np.zeros((pools, 6)), np.zeros(pools, np.uint8), *(np.zeros(len(columns.account_start) - 1),) * 3
        )

    def revalue(self, tick: Tick) -> Answer:
        table = np.ascontiguousarray(tick.rows.reshape(-1, tick.rows.shape[2]).T)
        assets = np.ascontiguousarray(tick.assets.reshape(-1, tick.assets.shape[2]).T)
        pools = self.book.columns.pool_count
        initial_of_parts = self._parts(table)
        for first in range(0, pools, BLOCK):
            self._block(first, min(pools, first + BLOCK), table, assets, tick, initial_of_parts)
        figures = self.answer.figures
        start = self.book.columns.account_start
        floored = np.maximum(figures[:, 0], 0.0)
        floored[start[:-1]] = figures[start[:-1], 0]
        equity, gross = np.add.reduceat(floored, start[:-1]), np.add.reduceat(figures[:, 4], start[:-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            leverage = np.where(gross == 0.0, 0.0, np.where(equity > 0.0, gross / equity, np.inf))
        return Answer(figures, self.answer.levels, equity, gross, leverage)

    def _tiers(self, notional: Floats, row: Ints, table: Floats) -> Ints:
        """Most sizes are in the first tier: only the others are looked up."""
        tier = np.zeros(len(row), dtype=np.int64)
        large = np.flatnonzero(notional >= table[FLOORS + 1].take(row))
        size, at = notional[large], row[large]
        found = np.ones(len(large), dtype=np.int64)
        for k in range(FLOORS + 2, FLOORS + MOST_TIERS):
            found += size >= table[k].take(at)
        tier[large] = found
        return tier

    def _parts(self, table: Floats) -> Floats:
        """What positions that share a leg ask for, summed by leg (zero for the others)."""
        legs = self.legs
        row = legs.row[legs.part_leg]
        notional = np.abs(legs.held[legs.part_leg]) * table[OMEGA].take(row)
        rate = table[INITIAL + self._tiers(notional, row, table), row]
        asked = legs.part_size * table[OMEGA].take(row) * np.maximum(rate, legs.part_lever)
        return np.bincount(legs.part_leg, asked, len(legs.row))

    def _block(
        self, first: int, last: int, table: Floats, assets: Floats, tick: Tick, of_parts: Floats
    ) -> None:
        columns, legs = self.book.columns, self.legs
        sums = self.answer.figures[first:last]
        factor = 1.0 + columns.pool_buffer[first:last]
        here = slice(self.leg_start[first], self.leg_start[last])
        row, held = legs.row[here], legs.held[here]
        pnl = held * table[ALPHA].take(row)
        pnl += legs.cost[here] * table[BETA].take(row)
        notional = np.abs(held)
        notional *= table[OMEGA].take(row)
        tier = self._tiers(notional, row, table)
        rows = table.shape[1]
        at = tier * rows + row
        flat = table.ravel()
        mm = notional * flat.take(at + CHARGES * rows)
        mm -= flat.take(at + DEDUCTIONS * rows)
        np.maximum(mm, 0.0, out=mm)
        im = np.maximum(flat.take(at + INITIAL * rows), legs.lever[here])
        im *= notional
        np.maximum(im, of_parts[here], out=im)
        np.maximum(im, mm, out=im)
        own = factor.take(legs.pool[here] - first)
        own += table[BUFFER].take(row)
        net = held * table[SIGN].take(row)
        by_pool = _summed(self.leg_start[first : last + 1])
        for n, part in enumerate((pnl, im, mm, mm * own, notional, net)):
            sums[:, n] = by_pool(part)
        self._add_collateral(sums, factor, first, last, assets)
        self.answer.levels[first:last] = _levels(sums, tick.thresholds[0])

    def _add_collateral(self, sums: Floats, factor: Floats, first: int, last: int, assets: Floats) -> None:
        here = slice(self.balance_start[first], self.balance_start[last])
        row = self.balance_row[here]
        value = self.book.columns.balance_amount[here] * assets[RATE].take(row)
        cut = value * assets[COUNTED].take(row) + assets[CUT_OFFSETS].take(row)
        for k in range(1, 3):
            other = value * assets[COUNTED + k].take(row) + assets[CUT_OFFSETS + k].take(row)
            np.minimum(cut, other, out=cut)
        owed = np.minimum(value, 0.0)
        by_pool = _summed(self.balance_start[first : last + 1])
        sums[:, 0] += by_pool(np.where(value >= 0.0, cut, value))
        sums[:, 1] -= by_pool(owed * assets[OWED_INITIAL].take(row))
        maintenance = by_pool(owed * assets[OWED_MAINTENANCE].take(row))
        sums[:, 2] -= maintenance
        sums[:, 3] -= maintenance * factor


def _summed(start: Bounds) -> Callable[[Floats], Floats]:
    """Sums of stretches; an empty stretch is zero, which reduceat alone would not say."""
    full = start[1:] > start[:-1]
    begin = start[:-1][full] - start[0]
    total = np.zeros(len(start) - 1)

    def by_stretch(values: Floats) -> Floats:
        total[full] = np.add.reduceat(values, begin)
        return total

    return by_stretch


def _levels(sums: Floats, lines: Floats) -> NDArray[np.uint8]:
    equity, maintenance, house = sums[:, 0], sums[:, 2], sums[:, 3]
    level = (house >= lines[0] * equity).astype(np.uint8)
    level += house >= lines[1] * equity
    level += house >= lines[2] * equity
    level += equity < house
    level += equity < maintenance
    return np.where((maintenance == 0.0) & (house == 0.0), np.where(equity >= 0.0, 0, 5), level)
