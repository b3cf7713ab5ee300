"""What a revaluation answers, and whether two of them say the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.vector import BookFigures

NAMES = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")
CLOSE = 1e-9


@dataclass(frozen=True)
class Answer:
    """Figures by pool in the order of NAMES, levels by pool; equity, gross and leverage by account."""

    figures: NDArray[np.float64]
    levels: NDArray[np.uint8]
    equity: NDArray[np.float64]
    gross: NDArray[np.float64]
    leverage: NDArray[np.float64]


def answer_of(book: BookFigures) -> Answer:
    """The engine's own."""
    found, totals = book.found, book.totals
    return Answer(found.figures, found.levels, totals.equity, totals.gross, totals.leverage)


def must_agree(name: str, theirs: Answer, ours: Answer) -> None:
    """Every figure within 1e-9 of what was added up, every level the same."""
    scale = 1.0 + np.abs(ours.figures).sum(axis=1)
    for n, figure in enumerate(NAMES):
        gap = np.abs(theirs.figures[:, n] - ours.figures[:, n])
        assert (gap <= CLOSE * scale).all(), f"{name}: {figure} differs by {gap.max()}"
    assert np.array_equal(theirs.levels, ours.levels), f"{name}: levels differ"
    for total in ("equity", "gross", "leverage"):
        one, other = getattr(theirs, total), getattr(ours, total)
        assert np.allclose(one, other, rtol=1e-6, atol=1e-3), f"{name}: {total} of accounts differs"
