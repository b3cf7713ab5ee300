"""Every worked figure of the concept pages is computed: a wrong number in a page fails here.

A worked example is a `json` block, an account in the calculator's shape (or a book of exposures with
scenarios), and the table that follows it.
"""

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from margin.engine.distance import distances
from margin.engine.exact import assess
from margin.engine.liquidation import prices_that_hurt
from margin.engine.terms import PortfolioTerms, Scenario
from margin.engine.types import Account, Market, Policy, exact
from tests.engine.reading import read
from tests.engine.scene import account, cross, instrument, market

CONCEPTS = Path(__file__).resolve().parents[2] / "docs/concepts"
PAGES = ("cross", "isolated", "hybrid", "portfolio", "buffers", "levels", "liquidation")
EXAMPLE = re.compile(r"```json\n(.*?)```\n(.*?)(?=```json|\Z)", re.S)
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+?) \|", re.M)


def examples(page: str) -> list[tuple[dict[str, Any], list[tuple[str, str]]]]:
    found = EXAMPLE.findall((CONCEPTS / f"{page}.md").read_text(encoding="utf-8"))
    return [(json.loads(block), ROW.findall(table)) for block, table in found]


def book(request: dict[str, Any]) -> tuple[Account, Market, Policy]:
    """Exposures at a price of one, under portfolio margin."""
    rows = request["exposures"]
    traded = [
        instrument(row["instrument"], loadings={k: exact(v) for k, v in row["loadings"].items()})
        for row in rows
    ]
    positions = [cross(i, row["exposure"], 1) for i, row in zip(traded, rows, strict=True)]
    scenarios = tuple(
        Scenario(name, {k: exact(v) for k, v in shocks.items()})
        for name, shocks in request["scenarios"].items()
    )
    policy = Policy(portfolio=PortfolioTerms(scenarios, minimum=exact(request["minimum"])))
    prices = market({row["instrument"]: 1 for row in rows})
    return account(positions, wallet=request["wallet"]), prices, policy


def figure(described: tuple[Account, Market, Policy], name: str) -> Any:
    """One figure by its name in the calculator's answer."""
    own, prices, policy = described
    figures = assess(own, prices, policy)
    part, _, rest = name.partition(".")
    if part == "positions":
        ref, _, kind = rest.partition(".")
        hurt = prices_that_hurt(own, figures, policy)[ref]
        return getattr(hurt, kind.removesuffix("_price")).price
    if part in {"distance", "next"}:
        far = distances(own, figures, policy)
        if rest == "level":
            return far.next_level
        return getattr(far.liquidation if part == "distance" else far.next_event, rest)
    if part == "split":
        return getattr(figures.pool("cross").split, rest)
    return getattr(figures.pool(part), rest) if rest else getattr(figures, part)


def says(value: str, found: Any) -> bool:
    """A number is right when it is within one unit of its last digit; a word when it is the word."""
    number = value.replace(",", "").removesuffix(" %")
    if not re.fullmatch(r"-?\d+(\.\d+)?", number):
        return value == (found.word if hasattr(found, "word") else found)
    scale = 100 if value.endswith("%") else 1
    unit = Fraction(1, 10 ** len(number.partition(".")[2]))
    exactly = "." not in number
    gap = abs(found * scale - Fraction(number))
    return gap == 0 if exactly else gap < unit


@pytest.mark.parametrize("page", PAGES)
def test_every_worked_figure_is_what_the_engine_computes(page: str) -> None:
    worked = examples(page)
    assert worked
    for request, rows in worked:
        described = book(request) if "exposures" in request else read(request)
        assert rows, "an example without a table"
        wrong = {
            name: (value, str(figure(described, name)))
            for name, value in rows
            if not says(value, figure(described, name))
        }
        assert wrong == {}
