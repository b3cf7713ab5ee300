"""The whole book at once gives the figures of one account at a time, and exact arithmetic's decisions."""

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from margin.engine import vector
from margin.engine.columns import Built, build
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level
from margin.engine.liquidation import prices_that_hurt
from margin.engine.price_kernels import ASK
from margin.engine.ticks import multiplied_out, write_rows
from margin.engine.vector import (
    BookFigures,
    book_losses,
    book_margins,
    book_prices,
    pools_by_instrument,
)
from tests.engine.random_books import CHUNK, books, quotes_of

ACCOUNTS = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 1_000
FIGURES = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")


@pytest.mark.parametrize("first", range(0, ACCOUNTS, CHUNK))
def test_figures_agree_closely_and_decisions_exactly(first: int) -> None:
    for accounts, markets, policy in books(first):
        built = build(accounts, policy)
        book = BookFigures(built.columns)
        book.revalue(multiplied_out(built.rules, quotes_of(built, markets)))
        exact = {a.code: assess(a, m, policy) for a, m in zip(accounts, markets, strict=True)}
        book.settle(lambda k, built=built, exact=exact: _pool(built, exact, k).level)
        for k in range(len(built.pools)):
            pool = _pool(built, exact, k)
            for n, name in enumerate(FIGURES):
                gap = abs(Fraction(float(book.found.figures[k, n])) - getattr(pool, name))
                if not (name == "initial" and book.found.close[k]):
                    assert gap <= Fraction(1, 10**12) * pool.scale, (built.pools[k][0].code, pool.pool, name)
            assert Level(book.found.levels[k]) is pool.level, (built.pools[k][0].code, pool.pool)


def _pool(built: Built, exact: dict[str, AccountFigures], k: int):
    account, name = built.pools[k]
    return exact[account.code].pool(name)


def small_book():
    accounts, markets, policy = books(0)[0]
    built = build(accounts, policy)
    return built, quotes_of(built, markets)


def test_most_decisions_need_no_second_look():
    built, quotes = small_book()
    book = BookFigures(built.columns)
    book.revalue(multiplied_out(built.rules, quotes))
    assert 0 < len(book.undecided()) < built.columns.pool_count


@pytest.mark.parametrize("alone_up_to", [0, 500], ids=["on all threads", "on one thread"])
def test_after_a_tick_only_the_pools_that_hold_the_instrument_are_computed_from_scratch(
    alone_up_to, monkeypatch
):
    monkeypatch.setattr(vector, "WORTH_SHARING", alone_up_to)
    built, quotes = small_book()
    tick = multiplied_out(built.rules, quotes)
    book, whole = BookFigures(built.columns), BookFigures(built.columns)
    book.revalue(tick)
    before = book.found.figures.copy()
    moved = replace(quotes, marks=quotes.marks.copy())
    some = np.arange(3, 60)
    moved.marks[some] *= 1.07
    write_rows(tick.rows, built.rules, moved, some)
    pools = pools_by_instrument(built.columns, len(built.rules.codes)).of(some)
    book.revalue_pools(tick, pools)
    whole.revalue(multiplied_out(built.rules, moved))
    assert np.array_equal(book.found.figures, whole.found.figures, equal_nan=True)
    assert np.array_equal(book.totals.equity, whole.totals.equity, equal_nan=True)
    assert np.array_equal(book.totals.leverage, whole.totals.leverage, equal_nan=True)
    untouched = np.setdiff1d(np.arange(built.columns.pool_count), pools)
    assert np.array_equal(book.found.figures[untouched], before[untouched])


def test_leverage_counts_isolated_pools_only_down_to_zero():
    accounts, markets, policy = books(250)[0]
    built = build(accounts, policy)
    book = BookFigures(built.columns)
    book.revalue(multiplied_out(built.rules, quotes_of(built, markets)))
    for k, (account, market) in enumerate(zip(accounts, markets, strict=True)):
        wanted = assess(account, market, policy).leverage
        found = book.totals.leverage[k]
        assert found == np.inf if wanted is None else found == pytest.approx(float(wanted), rel=1e-6)


def test_a_missing_mark_is_unknown_and_a_doubtful_one_is_decided_exactly():
    built, quotes = small_book()
    holders = pools_by_instrument(built.columns, len(built.rules.codes))
    quotes.marks[0] = np.nan
    quotes.doubt[1] = True
    book = BookFigures(built.columns)
    book.revalue(multiplied_out(built.rules, quotes))
    assert (book.found.levels[holders.of([0])] == Level.UNKNOWN).all()
    assert set(holders.of([0, 1])) <= set(book.undecided())


@pytest.mark.parametrize("first", [0, 250])
def test_liquidation_prices_of_the_whole_book_are_those_of_one_account(first: int) -> None:
    priced = 0
    for accounts, markets, policy in books(first):
        built = build(accounts, policy)
        quotes = quotes_of(built, markets)
        tick = multiplied_out(built.rules, quotes)
        book = BookFigures(built.columns)
        book.revalue(tick)
        found = book_prices(book, built.rules, quotes, tick)
        wanted: dict[tuple[str, str], Fraction | None] = {}
        for account, market in zip(accounts, markets, strict=True):
            prices = prices_that_hurt(account, assess(account, market, policy), policy)
            wanted |= {(account.code, ref): hurt.liquidation.price for ref, hurt in prices.items()}
        owner = np.repeat(np.arange(len(built.pools)), np.diff(built.columns.pool_start))
        for j, ref in enumerate(built.refs):
            price = wanted[(built.pools[owner[j]][0].code, ref)]
            if found.codes[j] == ASK or book.found.close[owner[j]]:
                continue
            priced += 1
            mark = quotes.marks[built.columns.instrument[j]]
            where = (built.pools[owner[j]][0].code, ref, price and float(price), found.prices[j])
            if price is None or float(price) > 1e9 * mark or float(price) < 1e-9 * mark:
                assert np.isnan(found.prices[j]) or not 1e-9 < found.prices[j] / mark < 1e9, where
            else:
                assert found.prices[j] == pytest.approx(float(price), rel=1e-6, abs=1e-9 * mark), where
    assert priced > 100


def test_the_worst_loss_over_scenarios_is_that_of_a_full_revaluation():
    built, quotes = small_book()
    rng = np.random.default_rng(7)
    moves = rng.uniform(-0.2, 0.3, (len(built.rules.codes), 5))
    moves[:, 0] = 0.0
    book = BookFigures(built.columns)
    book.revalue(multiplied_out(built.rules, quotes))
    before = book.found.figures[:, 0].copy()
    found = book_losses(book, built.rules, quotes, moves)
    gains = []
    for s in range(5):
        moved = replace(quotes, marks=quotes.marks + moves[:, s] * np.abs(quotes.marks))
        book.revalue(multiplied_out(built.rules, moved))
        gains.append(book.found.figures[:, 0] - before)
    scale = np.abs(built.columns.size).max() * np.abs(quotes.marks).max()
    assert np.allclose(found.worst, -np.minimum(0, np.min(gains, axis=0)), atol=1e-12 * scale, rtol=1e-6)
    assert np.allclose(found.totals, np.sum(gains, axis=1), atol=1e-10 * scale, rtol=1e-6)


@pytest.mark.parametrize("part", range(3))
def test_what_stays_above_the_requirement_in_a_scenario_is_that_of_a_full_revaluation(part: int):
    accounts, markets, policy = books(250)[part]
    built = build(accounts, policy)
    quotes = quotes_of(built, markets)
    moves = np.random.default_rng(8).uniform(-0.6, 2.0, (len(built.rules.codes), 5))
    tick, book = multiplied_out(built.rules, quotes), BookFigures(built.columns)
    book.revalue(tick)
    found = book_margins(book, built.rules, quotes, tick, moves)
    above = []
    for s in range(5):
        moved = replace(quotes, marks=quotes.marks + moves[:, s] * np.abs(quotes.marks))
        book.revalue(multiplied_out(built.rules, moved))
        above.append(book.found.figures[:, 0] - book.found.figures[:, 2])
    scale = 1e-12 * (np.abs(above).max(axis=0) + np.abs(found.least)) + 1e-9
    assert (np.abs(found.least - np.min(above, axis=0)) <= 1e3 * scale).all()
    sure = (np.abs(above) > 1e3 * scale).all(axis=0)
    assert np.array_equal(found.scenario[sure], np.argmin(above, axis=0)[sure])
    assert (np.abs(found.short - (np.array(above) < 0).sum(axis=1)) <= (~sure).sum()).all()


def test_a_scenario_without_a_price_says_nothing_of_the_pools_that_need_it():
    built, quotes = small_book()
    quotes.marks[0] = np.nan
    holders = pools_by_instrument(built.columns, len(built.rules.codes)).of([0])
    tick, book = multiplied_out(built.rules, quotes), BookFigures(built.columns)
    book.revalue(tick)
    moves = np.zeros((len(built.rules.codes), 3))
    losses = book_losses(book, built.rules, quotes, moves)
    margins = book_margins(book, built.rules, quotes, tick, moves)
    for worst, which in ((losses.worst, losses.scenario), (margins.least, margins.scenario)):
        assert np.array_equal(np.flatnonzero(np.isnan(worst)), holders)
        assert (which[holders] == -1).all()
    assert np.isnan(losses.totals).all()


def test_kernels_survive_a_fork_after_threads_were_used():
    code = (
        "import os, numpy as np\n"
        "from tests.engine.test_vector import small_book\n"
        "from margin.engine.ticks import multiplied_out\n"
        "from margin.engine.vector import BookFigures\n"
        "built, quotes = small_book()\n"
        "tick = multiplied_out(built.rules, quotes)\n"
        "book = BookFigures(built.columns)\n"
        "book.revalue(tick)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    again = BookFigures(built.columns)\n"
        "    again.revalue(tick)\n"
        "    os._exit(0 if np.array_equal(again.found.figures, book.found.figures, equal_nan=True) else 3)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
