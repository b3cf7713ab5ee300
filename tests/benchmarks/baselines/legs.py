"""What every baseline may prepare once, since no price changes it: legs, their rows of rules, who owns them.

Takes a book; gives positions merged into legs (one instrument and side in one pool), each with the row of its
base and instrument in the tick's table. A leg of several positions keeps them aside: their chosen leverages
differ. This is a help that the engine itself does not take.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.random_book import Book

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Legs:
    """By leg; `lever` is the least initial rate its one position chose. Parts are of legs with several."""

    pool: Ints
    row: Ints
    held: Floats
    cost: Floats
    lever: Floats
    part_leg: Ints
    part_size: Floats
    part_lever: Floats


def legs_of(book: Book) -> Legs:
    columns, pool = book.columns, book.position_pool.astype(np.int64)
    side = columns.size > 0
    first = np.ones(len(pool), dtype=np.bool_)
    first[1:] = (np.diff(pool) != 0) | (np.diff(columns.instrument.astype(np.int64)) != 0)
    first[1:] |= side[1:] != side[:-1]
    start = np.flatnonzero(first)
    leg = np.cumsum(first) - 1
    chosen = book.rules.leverages[columns.lever]
    several = np.bincount(leg)[leg] > 1
    lever = chosen[start].copy()
    lever[leg[several]] = 0.0
    row = columns.pool_base[pool].astype(np.int64) * len(book.rules.codes) + columns.instrument
    return Legs(
        pool=pool[start],
        row=row[start],
        held=np.add.reduceat(columns.size, start),
        cost=np.add.reduceat(columns.entries, start),
        lever=lever,
        part_leg=leg[several],
        part_size=np.abs(columns.size[several]),
        part_lever=chosen[several],
    )
