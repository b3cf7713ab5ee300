"""The measure of all: reading the book's columns once, every byte, on all threads, doing nothing with them.

The columns as the engine holds them, without padding: instrument and leverage uint16, sizes, entries, buffers
and balances float64, starts int32, base, desk and mark uint8, asset uint16.
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
