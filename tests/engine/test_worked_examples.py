"""The rulebook's worked examples, each named by what it shows.

Those an account and its prices can tell stand in `tests/cases`, numbered as in the rulebook. The others: 13
`test_funding`, 15 `test_profiles`, 16 `test_portfolio`, 17 `test_plan`, 18 and 19 `test_pretrade`.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from margin.engine.distance import distances
from margin.engine.exact import assess
from margin.engine.liquidation import prices_that_hurt
from tests.engine.reading import read

CASES = json.loads((Path(__file__).parent.parent / "cases" / "worked_examples.json").read_text())


def told(value: Any) -> Any:
    """Expectations are decimals or fractions in text; names stay names."""
    if isinstance(value, str) and (value[0].isdigit() or value[0] == "-"):
        return Fraction(value)
    return value


def shown(value: Any) -> Any:
    return value.word if hasattr(value, "word") else value


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_worked_example(case: dict[str, Any]) -> None:
    account, market, policy = read(case["request"])
    figures = assess(account, market, policy)
    expect = case["expect"]
    for name in expect.keys() - {"pools", "positions", "distance", "next"}:
        assert shown(getattr(figures, name)) == told(expect[name]), name
    for pool, wanted in expect.get("pools", {}).items():
        for name, value in wanted.items():
            assert shown(getattr(figures.pool(pool), name)) == told(value), (pool, name)
    prices = prices_that_hurt(account, figures, policy)
    for index, wanted in enumerate(expect.get("positions", [])):
        hurt = prices[str(index)]
        for name, value in wanted.items():
            assert getattr(hurt, name.removesuffix("_price")).price == told(value), (index, name)
    far = distances(account, figures, policy)
    for name, value in expect.get("distance", {}).items():
        assert getattr(far.liquidation, name) == told(value), name
    if "next" in expect:
        assert (far.next_level and far.next_level.word) == expect["next"]["level"]
