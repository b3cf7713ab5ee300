"""Every figure can be worked again by hand, and every change falls into parts that sum to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.engine.bridge import Cause, State, bridge
from margin.engine.exact import assess
from margin.engine.explain import NEEDS, explain
from margin.engine.rational import Fraction
from margin.engine.types import Holding, Rate, exact
from tests.engine.random_accounts import random_account
from tests.engine.reading import read
from tests.engine.scene import DESK, account, cross, haircuts, instrument, isolated, market
from tests.engine.scene import coin as terms

BTC = instrument("BTC", (0, "0.01"), (50_000, "0.02"))
ETH = instrument("ETH", (0, "0.05"), buffer="0.02")


def book():
    return account(
        [cross(BTC, 1, 55_000, "b"), isolated(ETH, 10, 3_000, "e")],
        wallet=10_000,
        pockets={"e": 3_000},
        holdings=[("wallet", "EUR", 500)],
        terms=[terms("EUR", (0, "0.1"))],
        buffer="0.1",
        buffer_source="client",
    )


PRICES = market({"BTC": 60_000, "ETH": 2_900}, {"EUR": Rate(exact("1.1"), path=("EUR/USD",))})


def lines(figure):
    own = book()
    return explain(own, PRICES, DESK, assess(own, PRICES, DESK), figure)


@pytest.mark.parametrize("figure", list(NEEDS))
def test_every_figure_has_a_working(figure):
    assert any(line.figure == figure for line in lines(figure))


def test_the_requirement_is_shown_with_the_tier_that_owns_the_leg():
    line = next(line for line in lines("maintenance") if line.of == "cross BTC long")
    values = {given.name: given.value for given in line.inputs}
    assert values["n"] * (values["mmr"] + values["fee"]) - values["d"] == line.result == 700
    assert "tier 2" in line.inputs[1].source


def test_collateral_names_the_path_of_its_price():
    line = next(line for line in lines("equity") if line.of == "cross EUR")
    assert line.inputs[1].source == "EUR/USD"
    assert line.result == 495


def test_the_house_requirement_names_where_the_buffer_comes_from():
    of_leg = [line for line in lines("house_maintenance") if line.of == "isolated:e ETH long"]
    line = next(line for line in of_leg if line.figure == "house_maintenance")
    assert [given.source for given in line.inputs[1:]] == ["client", "instrument ETH"]
    assert line.result == 1_450 * exact("1.12")


def test_an_unknown_pool_says_why_instead():
    own = book()
    (line, *_) = explain(own, market({}), DESK, assess(own, market({}), DESK), "equity")
    assert line.result is None
    assert "no price of BTC" in line.note


def test_the_bridge_splits_a_change_into_its_causes():
    before = State(book(), PRICES, DESK)
    later = replace(
        before.account,
        positions=(cross(BTC, 2, 57_500, "b"), before.account.positions[1]),
        holdings=(*before.account.holdings, Holding("wallet", "USD", exact(-100))),
        terms={"EUR": terms("EUR", (0, "0.2"))},
    )
    prices = market({"BTC": 61_000, "ETH": 2_900}, {"EUR": "1.2"})
    found = bridge(before, State(later, prices, DESK), lambda figures: figures.equity)
    assert found.by_cause() == {
        Cause.PRICE: 1_000,
        Cause.CURRENCY: 45,
        Cause.POSITION: 1_000,
        Cause.COLLATERAL: -100,
        Cause.PARAMETER: -60,
    }
    assert found.end - found.start == 1_885
    assert found.largest(1)[0].key in ("BTC", "b")


def test_an_unknown_figure_has_no_bridge():
    before = State(book(), PRICES, DESK)
    assert (
        bridge(before, replace(before, market=market({"BTC": 0, "ETH": 1}, {"EUR": 1})), lambda f: f.equity)
        is None
    )


FIGURES = {
    "equity": lambda figures: figures.equity,
    "house": lambda figures: figures.house_maintenance,
    "gross": lambda figures: figures.gross,
}


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from(list(FIGURES)))
def test_the_parts_of_a_bridge_sum_exactly_to_the_change(one, other, name):
    first, second = read(random_account(one)), read(random_account(other))
    start = State(first[0], first[1], DESK)
    end = State(replace(second[0], base=first[0].base), replace(second[1], base=first[1].base), DESK)
    found = bridge(start, end, FIGURES[name])
    if found is not None:
        assert found.start + sum(part.change for part in found.parts) == found.end
        assert found.end == FIGURES[name](assess(end.account, end.market, end.policy))


def test_nothing_changed_has_no_parts():
    state = State(book(), PRICES, DESK)
    found = bridge(state, state, lambda figures: figures.equity)
    assert (found.parts, found.start) == ((), found.end)
    assert isinstance(found.start, Fraction)


def test_haircuts_are_refused_outside_nought_to_one():
    with pytest.raises(ValueError, match="haircut"):
        haircuts((0, "1.1"))


def test_what_only_one_of_two_states_has_is_a_part_of_its_own():
    before = State(account([cross(BTC, 1, 55_000, "b")], wallet=10_000), market({"BTC": 60_000}), DESK)
    later = account(
        [cross(ETH, 10, 2_800, "e")], holdings=[("wallet", "EUR", 500)], terms=[terms("EUR", (0, "0.1"))]
    )
    after = State(later, market({"ETH": 2_900}, {"EUR": 1}), DESK)
    found = bridge(before, after, lambda figures: figures.equity)
    assert [(part.cause, part.key, part.change) for part in found.parts] == [
        (Cause.POSITION, "b", -5_000),
        (Cause.POSITION, "e", 1_000),
        (Cause.COLLATERAL, "EUR", 450),
        (Cause.COLLATERAL, "USD", -10_000),
    ]
    assert (found.start, found.end) == (15_000, 1_450)
    assert found.largest(2) == (found.parts[3], found.parts[0])
    assert len(found.largest()) == 3


def test_a_changed_schedule_is_a_parameter_and_not_a_position():
    own = account([cross(ETH, 10, 2_800, "e")], wallet=9_000)
    dearer = replace(own, positions=(cross(instrument("ETH", (0, "0.1")), 10, 2_800, "e"),))
    prices = market({"ETH": 2_800})
    found = bridge(State(own, prices, DESK), State(dearer, prices, DESK), lambda f: f.maintenance)
    assert [(part.cause, part.key, part.change) for part in found.parts] == [(Cause.PARAMETER, "", 1_400)]
