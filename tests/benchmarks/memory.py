"""The measure of all: reading the book's columns once, every byte, on all threads, doing nothing with them.

The columns as the engine holds them, without padding: instrument and leverage uint16, sizes, entries, buffers
and balances float64, starts int32, base, desk and mark uint8, asset uint16. Columns that were read a moment
ago may come from the last cache; `Elsewhere` drives them out of all caches, as the rest of a cycle does.
"""

import numpy as np

from margin.engine.columns import Columns, Ints
from margin.engine.compiled import kernel, span, threads


@kernel(fast=True)
def total(words: Ints) -> int:
    found = np.int64(0)
    for k in range(len(words)):
        found += words[k]
    return found


@kernel(parallel=True, fast=True)
def read(columns: tuple[Ints, ...], sums: Ints) -> None:
    for piece in span(len(sums)):
        found = np.int64(0)
        for words in columns:
            count = len(words)
            found += total(words[count * piece // len(sums) : count * (piece + 1) // len(sums)])
        sums[piece] = found


class Reader:
    """Eight bytes at a time, the quickest way there is; the odd bytes at a column's end are left out."""

    def __init__(self, columns: Columns) -> None:
        bytes_of = (column.view(np.uint8) for column in columns)
        self.words = tuple(own[: len(own) // 8 * 8].view(np.int64) for own in bytes_of)
        self.sums = np.zeros(threads(), dtype=np.int64)

    def read(self) -> None:
        read(self.words, self.sums)


ELSEWHERE_BYTES = 512 * 2**20
"""Several times the last cache of a large machine."""


class Elsewhere:
    """Reads so much else, on all threads, that no cache holds anything of what a contender needs."""

    def __init__(self) -> None:
        self.words = (np.ones(ELSEWHERE_BYTES // 8, dtype=np.int64),)
        self.sums = np.zeros(threads(), dtype=np.int64)

    def read(self) -> None:
        read(self.words, self.sums)
