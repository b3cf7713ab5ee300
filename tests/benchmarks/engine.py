"""The engine on a large book: revaluation and its rivals, a tick, scenarios, liquidation prices, growth.

Every group first compares results with those of another way and only then takes times.
"""

import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from margin.engine.compiled import threads, use_threads
from margin.engine.price_kernels import ASK
from margin.engine.ticks import Quotes, multiplied_out, write_rows
from margin.engine.vector import (
    BookFigures,
    book_losses,
    book_margins,
    book_prices,
    pools_by_asset,
    pools_by_instrument,
    room_for_prices,
)
from tests.benchmarks.baselines.answer import answer_of, must_agree
from tests.benchmarks.baselines.by_duckdb import ByDuckDB
from tests.benchmarks.baselines.by_numpy import ByNumpy
from tests.benchmarks.baselines.by_orm import ByOrm
from tests.benchmarks.baselines.by_polars import ByPolars
from tests.benchmarks.memory import Elsewhere, Reader
from tests.benchmarks.random_book import INSTRUMENTS, POSITIONS, Book, random_book
from tests.benchmarks.timing import Results, best_in_turns, result, timed

ROUNDS, FEW = 30, 5
SCENARIOS = 64
LINE = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
FIRST_RESULT = """
import time; began = time.perf_counter()
from margin.engine.columns import build
from margin.engine.ticks import multiplied_out
from margin.engine.vector import BookFigures
from tests.benchmarks.random_book import random_book
book = random_book(1_000)
BookFigures(book.columns).revalue(multiplied_out(book.rules, book.quotes))
print(time.perf_counter() - began)
"""


@cache
def large_book() -> Book:
    return random_book(POSITIONS)


def revalue() -> Results:
    """Full revaluation against reading the same bytes, and against four other ways to the same figures."""
    book = large_book()
    tick = multiplied_out(book.rules, book.quotes)
    ours, reader = BookFigures(book.columns), Reader(book.columns)
    ours.revalue(tick)
    every = np.arange(INSTRUMENTS)

    def whole() -> None:
        write_rows(tick.rows, book.rules, book.quotes, every)
        ours.revalue(tick)

    rivals = {"numpy": ByNumpy(book), "duckdb": ByDuckDB(book), "polars": ByPolars(book)}
    for name, rival in rivals.items():
        must_agree(name, rival.revalue(tick), answer_of(ours))
    best = best_in_turns(
        {
            "memory": reader.read,
            "ours": whole,
            "one_thread": on_one_thread(whole),
        },
        ROUNDS,
    )
    best |= best_in_turns({"cold_memory": reader.read, "cold_ours": whole}, ROUNDS, Elsewhere().read)
    best |= best_in_turns(
        {
            "numpy": lambda: rivals["numpy"].revalue(tick),
            "duckdb": lambda: rivals["duckdb"].tick(tick),
            "polars": lambda: rivals["polars"].tick(tick),
        },
        FEW,
    )
    best["orm"] = ByOrm(book, answer_of(ours)).extrapolated_ms()
    found = {f"revalue.{name}_ms": result(value, "ms") for name, value in best.items()}
    return found | {"revalue.memory_bytes": result(book.columns.bytes_held, "bytes")}


def on_one_thread(step: Callable[[], object]) -> Callable[[], None]:
    """The same step on a single thread."""

    def alone() -> None:
        count = threads()
        use_threads(1)
        step()
        use_threads(count)

    return alone


def tick() -> Results:
    """One instrument's price: its rows, its pools and accounts from scratch; the median of fifty."""
    book = large_book()
    prices = multiplied_out(book.rules, book.quotes)
    ours, again = BookFigures(book.columns), BookFigures(book.columns)
    ours.revalue(prices)
    index = pools_by_instrument(book.columns, INSTRUMENTS)
    quotes = Quotes(
        book.quotes.marks.copy(), book.quotes.rates, book.quotes.bases, np.zeros(INSTRUMENTS, np.bool_)
    )

    def move(k: int) -> None:
        quotes.marks[k] *= 1.001
        write_rows(prices.rows, book.rules, quotes, np.array([k]))
        ours.revalue_pools(prices, index.of([k]))

    best, whole = np.full(50, np.inf), np.inf
    for _ in range(ROUNDS):
        whole = min(whole, timed(lambda: ours.revalue(prices)))
        best = np.minimum(best, [timed(lambda k=k: move(k)) for k in range(50)])
    again.revalue(multiplied_out(book.rules, quotes))
    assert np.array_equal(ours.found.figures, again.found.figures), "a tick is not the full revaluation"
    took = float(np.median(best))
    return {"tick.ours_ms": result(took, "ms"), "tick.of_a_revaluation": result(took / whole, "×")}


def scenarios() -> Results:
    """Profit and worst loss of every pool in 64 scenarios; then with requirements in the tiers there."""
    book = large_book()
    moves = np.random.default_rng(1).uniform(-0.2, 0.2, (INSTRUMENTS, SCENARIOS))
    ours = BookFigures(book.columns)
    ours.revalue(multiplied_out(book.rules, book.quotes))
    before = ours.found.figures[:, 0].copy()
    losses = book_losses(ours, book.rules, book.quotes, moves)
    gains = []
    for s in range(3):
        moved = book.quotes.marks * (1 + moves[:, s])
        ours.revalue(multiplied_out(book.rules, Quotes(moved, *_rest(book))))
        gains.append(float((ours.found.figures[:, 0] - before).sum()))
    assert np.allclose(gains, losses.totals[:3], rtol=1e-6), "scenarios are not revaluations"
    tick = multiplied_out(book.rules, book.quotes)
    ours.revalue(tick)
    took = best_in_turns(
        {
            "per_s": lambda: book_losses(ours, book.rules, book.quotes, moves),
            "with_tiers_per_s": lambda: book_margins(ours, book.rules, book.quotes, tick, moves),
        },
        ROUNDS,
    )
    return {
        f"scenarios.{name}": result(POSITIONS * SCENARIOS / own * 1000, "position-scenarios/s")
        for name, own in took.items()
    }


def _rest(book: Book) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return book.quotes.rates, book.quotes.bases, book.quotes.doubt


def liquidation() -> Results:
    """The liquidation price of every position, by formula with the tier at the root."""
    book = large_book()
    prices = multiplied_out(book.rules, book.quotes)
    ours = BookFigures(book.columns)
    ours.revalue(prices)
    room = room_for_prices(book.columns)
    found = book_prices(ours, book.rules, book.quotes, prices, room)
    _must_meet_the_line(book, found.prices, found.codes)
    took = best_in_turns(
        {
            "whole": lambda: ours.revalue(prices),
            "ours": lambda: book_prices(ours, book.rules, book.quotes, prices, room),
        },
        ROUNDS,
    )
    share = float((found.codes == ASK).mean())
    return {
        "liquidation.ours_ms": result(took["ours"], "ms"),
        "liquidation.of_a_revaluation": result(took["ours"] / took["whole"], "×"),
        "liquidation.left_to_search": result(share, "of positions"),
    }


def _must_meet_the_line(book: Book, prices: np.ndarray, codes: np.ndarray) -> None:
    """Isolated positions moved to their own price stand on the line: equity equals maintenance."""
    columns = book.columns
    alone = np.flatnonzero(np.diff(columns.pool_start) == 1)
    rows = columns.pool_start[:-1][alone]
    chosen = rows[(codes[rows] != ASK) & np.isfinite(prices[rows])][::1000]
    for j in chosen:
        marks = book.quotes.marks.copy()
        marks[columns.instrument[j]] = prices[j]
        there = BookFigures(columns)
        pool = np.array([book.position_pool[j]])
        there.revalue_pools(multiplied_out(book.rules, Quotes(marks, *_rest(book))), pool)
        equity, _, maintenance, *_ = there.found.figures[pool[0]]
        scale = abs(columns.size[j]) * abs(book.quotes.marks[columns.instrument[j]]) + abs(equity)
        assert abs(equity - maintenance) <= 1e-9 * scale, f"position {j}: {equity} against {maintenance}"


def memory() -> Results:
    """Everything the engine holds for a book: columns, figures, prices, indexes, the tick's tables."""
    book = large_book()
    ours, prices = BookFigures(book.columns), multiplied_out(book.rules, book.quotes)
    room = room_for_prices(book.columns)
    held = book.columns.bytes_held + ours.owners.nbytes + room.prices.nbytes + room.codes.nbytes
    held += sum(part.nbytes for part in (*ours.found, *prices))
    held += ours.totals.equity.nbytes + ours.totals.gross.nbytes + ours.totals.leverage.nbytes
    for index in (pools_by_instrument(book.columns, INSTRUMENTS), pools_by_asset(book.columns, 5)):
        held += index.start.nbytes + index.pools.nbytes
    return {"book.bytes_per_position": result(held / POSITIONS, "bytes")}


def line() -> Results:
    """Full revaluation at growing sizes: nanoseconds a position stay what they are."""
    found: Results = {}
    for positions in LINE:
        book = random_book(positions)
        ours, prices = BookFigures(book.columns), multiplied_out(book.rules, book.quotes)
        took = best_in_turns({"ours": partial(ours.revalue, prices)}, 2 * FEW)["ours"]
        found[f"line.{positions}_ms"] = result(took, "ms")
        found[f"line.{positions}_ns_per_position"] = result(took / positions * 1e6, "ns")
    return found


def start() -> Results:
    """A fresh interpreter with a warm cache: import, compile nothing, first figures."""
    times = [
        float(subprocess.run([sys.executable, "-c", FIRST_RESULT], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    return {"engine.first_result_s": result(min(times), "s")}
