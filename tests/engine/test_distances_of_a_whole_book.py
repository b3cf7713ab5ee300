"""How far the market may move, in columns: the exact engine's answers, or none and a word that says so."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from margin.engine.book_distances import BookDistances, book_distances, loadings_of
from margin.engine.columns import Built, build
from margin.engine.distance import Distances, distances
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.ticks import multiplied_out
from margin.engine.types import Account, Market, Policy
from margin.engine.vector import BookFigures
from tests.engine.random_books import CHUNK, books, quotes_of
from tests.engine.test_vector import ACCOUNTS

CLOSE = 1e-9


def measured(accounts: list[Account], markets: list[Market], policy: Policy) -> tuple[Built, BookDistances]:
    built = build(accounts, policy)
    quotes = quotes_of(built, markets)
    tick = multiplied_out(built.rules, quotes)
    book = BookFigures(built.columns)
    book.revalue(tick)
    instruments = {p.instrument.code: p.instrument for a in accounts for p in a.positions}
    terms = {asset: own for account in accounts for asset, own in account.terms.items()}
    loadings = loadings_of(built.rules, quotes.bases, instruments, terms)
    return built, book_distances(book, built.rules, quotes, tick, loadings)


def pairs(first: int) -> Iterator[tuple[str, BookDistances, int, Level, Distances]]:
    """By account: its row of the book's distances, and the exact engine's."""
    for accounts, markets, policy in books(first):
        _, found = measured(accounts, markets, policy)
        for row, (account, market) in enumerate(zip(accounts, markets, strict=True)):
            figures = assess(account, market, policy)
            yield account.code, found, row, figures.level, distances(account, figures, policy)


@pytest.mark.parametrize("first", range(0, ACCOUNTS, CHUNK))
def test_every_distance_is_the_exact_one_unless_it_says_that_it_must_be_asked(first: int) -> None:
    answered = 0
    for code, found, row, level, exact in pairs(first):
        if found.asked[row]:
            continue
        answered += 1
        liquidation, upcoming = exact.liquidation, exact.next_event
        wanted = [liquidation.down, liquidation.up, upcoming.down, upcoming.up]
        for shock, own in zip(wanted, found.falls[row], strict=True):
            assert same(shock, own), (code, wanted, found.falls[row])
        assert found.levels[row] == level, code
        following = Level.UNKNOWN if exact.next_level is None else exact.next_level
        assert found.next_levels[row] == following, code
    assert answered > CHUNK / 2


def same(exact: Fraction | None, found: float) -> bool:
    if exact is None:
        return bool(np.isnan(found))
    return bool(abs(float(exact) - found) <= CLOSE * max(1.0, abs(float(exact))))
