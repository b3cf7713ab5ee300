"""The engine and an independent oracle agree: every decision, and figures to 1e-12 of the pool's scale."""

import os
from fractions import Fraction
from typing import Any

import pytest

from margin.engine.distance import distances
from margin.engine.exact import assess
from margin.engine.liquidation import prices_that_hurt
from tests.engine.oracle import Opinion, crosses_at, distance, falls_at, liquidation_price
from tests.engine.random_accounts import on_the_line, random_account
from tests.engine.reading import read

ACCOUNTS = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 1_000
CHUNK = 10
TOLD_SOMETHING = {3740, 3800, 17010, 52680}
"""Chunks beyond the first thousand accounts in which engine and search once differed."""
CLOSE = Fraction(1, 10**12)


@pytest.mark.parametrize("first", sorted({*range(0, ACCOUNTS, CHUNK)} | TOLD_SOMETHING))
def test_every_decision_and_figure_agrees(first: int) -> None:
    for seed in range(first, first + CHUNK):
        request = random_account(seed)
        agree_on_figures(request, seed)
        opinion = Opinion(request)
        cross = opinion.pool("cross")
        for figure in ("maintenance", "house_maintenance"):
            needed = cross[figure] - cross["equity"]
            for unit in (0, Fraction(1, 10**18), -Fraction(1, 10**18)):
                agree_on_figures(on_the_line(request, needed + unit), seed)
        agree_on_prices(request, seed)
        agree_on_distance(request, seed)


def agree_on_figures(request: dict[str, Any], seed: int) -> None:
    account, market, policy = read(request)
    figures = assess(account, market, policy)
    opinion = Opinion(request)
    for name in opinion.pool_names:
        expected, found = opinion.pool(name), figures.pool(name)
        for figure, value in expected.items():
            assert getattr(found, figure) == value, (seed, name, figure)
        assert found.level.word == opinion.level(expected), (seed, name)


def agree_on_prices(request: dict[str, Any], seed: int) -> None:
    account, market, policy = read(request)
    prices = prices_that_hurt(account, assess(account, market, policy), policy)
    opinion = Opinion(request)
    for index, position in enumerate(request["positions"]):
        pool = "cross" if position["mode"] == "cross" else f"isolated:{index}"
        for line, hurt in (
            ("maintenance", prices[str(index)].liquidation),
            ("", prices[str(index)].bankruptcy),
        ):
            agree_on_price(opinion, pool, position["instrument"], line, hurt.price, seed)


def agree_on_price(
    opinion: Opinion, pool: str, code: str, line: str, price: Fraction | None, seed: int
) -> None:
    wanted = liquidation_price(opinion, pool, code, line)
    where = (seed, pool, code, line, price and float(price), wanted and float(wanted))
    mark = opinion.marks[code]
    if price is not None:
        there = opinion.with_mark(pool, code, price)
        gap = there["equity"] - (there[line] if line else 0)
        assert abs(gap) <= CLOSE * opinion.scale(pool), where
    if wanted is not None and price is None:
        assert not crosses_at(opinion, pool, code, wanted, line), where
    elif wanted is not None:
        # The search looks in steps: it may miss a nearer crossing, but the engine may not.
        assert abs(price - mark) <= abs(wanted - mark) + CLOSE * max(abs(mark), abs(wanted)), where
        step = abs(wanted - mark)
        assert abs(price - wanted) <= CLOSE * max(abs(mark), abs(wanted)) or abs(price - mark) < step, where


def agree_on_distance(request: dict[str, Any], seed: int) -> None:
    account, market, policy = read(request)
    figures = assess(account, market, policy)
    if figures.level.word == "liquidation" and policy.at_threshold == "le":
        return
    found = distances(account, figures, policy).liquidation
    opinion = Opinion(request)
    for direction, shock in ((-1, found.down), (1, found.up)):
        wanted = distance(opinion, direction)
        where = (seed, direction, shock and float(shock), wanted and float(wanted))
        assert shock is not None or wanted is None, where
        if shock is None or (wanted is not None and abs(shock - wanted) <= CLOSE * 10):
            continue
        # The search looks in steps and stops short of where prices end: it may miss a fall, no more.
        assert wanted is None or abs(shock) < abs(wanted), where
        assert falls_at(opinion, shock), where
