"""The cycle of a large desk: prices in → figures readable, breaches and alerts committed.

A million positions of a hundred thousand sub-accounts in the database at hand; every mark moved by a
thousandth, then one. Hints go nowhere: nobody listens.
"""

import random
import resource
import statistics
from decimal import Decimal
from os import environ

from margin.book.load_book import load_book
from margin.book.read import account_row, position_rows
from margin.book.snapshot import snapshot
from margin.book.warm import WarmBook
from margin.flow import shelf
from margin.flow.cycle import run_cycle
from margin.flow.room import Room
from margin.models import Breach, Run
from margin.notify.figures import desk_figures
from margin.pages.rows import account_rows
from riskdesk import clock
from riskdesk.errors import sure
from tests.benchmarks.large_desk import marks_of, send_prices, write_desk
from tests.benchmarks.random_book import POSITIONS, random_book
from tests.benchmarks.timing import Results, result, timed

ALL, ONE, SETTLING, FIRST_ROWS = 20, 20, 3, 60
MOVE = 0.001
STEPS = ("load", "recompute", "compose", "enforce", "alert")


def cycle() -> Results:
    """The first cycles find thousands of breaches; those after them are what a day is made of."""
    positions = int(environ.get("BENCH_POSITIONS", POSITIONS))
    book = random_book(positions)
    write_desk(book, clock.now())
    marks, dice = marks_of(book), random.Random(7)
    send_prices(marks, clock.now())
    found = cold_start(positions)
    took = {"all": [], "one": []}
    runs = []
    for n in range(SETTLING + ALL + ONE):
        codes = list(marks) if n < SETTLING + ALL else [dice.choice(list(marks))]
        moved = {code: marks[code] * Decimal(repr(1 + dice.gauss(0, MOVE))) for code in codes}
        marks |= {code: price.quantize(Decimal("0.0001")) for code, price in moved.items()}
        send_prices({code: marks[code] for code in codes}, clock.now())
        milliseconds = timed(lambda: run_cycle(shard=1, trigger="prices"))
        if n >= SETTLING:
            took["all" if len(codes) > 1 else "one"].append(milliseconds)
            runs.append(Run.objects.order_by("-seq").first())
    for name, times in took.items():
        found[f"cycle.{name}_p50_ms"] = result(statistics.median(times), "ms")
        found[f"cycle.{name}_p95_ms"] = result(statistics.quantiles(times, n=20)[-1], "ms")
    timings = [sure(run, "a run was committed").timings for run in runs[:ALL]]
    for step in STEPS:
        found[f"cycle.{step}_p50_ms"] = result(statistics.median(own[step] for own in timings), "ms")
    return (
        found
        | reading()
        | {
            "cycle.breaches": result(Breach.objects.count(), "rows"),
            "cycle.worker_mb": result(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB"),
        }
    )


def cold_start(positions: int) -> Results:
    """The book out of PostgreSQL, and what of it stays in memory."""

    def load() -> None:
        with snapshot(1) as reached:
            kept.append(load_book(1, reached, now=clock.now()))

    kept: list[object] = []
    load()  # compiles
    kept.clear()
    took = timed(load)
    book = kept[0]
    assert isinstance(book, WarmBook), "a large desk is kept in columns"
    room = Room(book)
    held = book.columns.bytes_held + book.quantity.nbytes + book.entry.nbytes
    held += book.refs.data.nbytes + book.refs.start.nbytes + book.pool_names.data.nbytes
    figures = (
        *room.figures.found,
        *room.figures.totals,
        *room.accounts,
        *room.positions,
        room.figures.owners,
    )
    held += sum(part.nbytes for part in figures) + room.prices.prices.nbytes + room.prices.codes.nbytes
    shelf.forget(1)
    return {
        "book.cold_start_s": result(took / 1000, "s"),
        "book.bytes_per_position": result(held / positions, "bytes"),
    }


def reading() -> Results:
    """What a page of the desk and one account ask of the frame, the file already seen and just swapped."""
    code = sure(desk_figures("BENCH", {}).order, "the desk has accounts")
    figures = desk_figures("BENCH", {})
    account = str(figures.parts[0]["account"][code[0][1]])
    rows = [timed(lambda: list(account_rows(desk_figures("BENCH", {}), most=FIRST_ROWS))) for _ in range(20)]
    drawer = [timed(lambda: (account_row(account), position_rows(account))) for _ in range(20)]
    return {
        "page.desk_figures_ms": result(statistics.median(rows), "ms"),
        "page.account_rows_ms": result(statistics.median(drawer), "ms"),
    }
