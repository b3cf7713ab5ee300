"""What an account must satisfy before it is computed: each fault by its name, and at its exact edge."""

from dataclasses import replace

import pytest

from margin.engine.borders import faults
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.terms import PortfolioTerms, Scenario
from margin.engine.tiers import Schedule, Tier
from margin.engine.types import Policy, exact
from tests.engine.scene import DESK, account, cross, haircuts, instrument, market, schedule

X = instrument("X")
LINEAR = instrument("X", loadings={"f": exact(1)})
INVERSE = instrument("X", kind="inverse", loadings={"f": exact(1)})


@pytest.mark.parametrize(
    ("traded", "entry", "named"),
    [
        (X, 1, None),
        (X, 0, "p: the entry price is not above zero"),
        (X, -1, "p: the entry price is not above zero"),
        (replace(X, allow_negative=True), 0, None),
        (replace(X, allow_negative=True), -1, None),
        (replace(INVERSE, allow_negative=True), 0, "p: the entry price is not above zero"),
        (replace(X, contract_size=exact(0)), 1, "X: the contract size is not above zero"),
        (replace(X, contract_size=exact("-0.1")), 1, "X: the contract size is not above zero"),
        (replace(X, contract_size=exact("0.1")), 1, None),
        (replace(X, reference_price=exact(-1)), 1, "X: reference price or buffer is negative"),
        (replace(X, buffer=exact(-1)), 1, "X: reference price or buffer is negative"),
        (replace(X, buffer=exact("0.5"), reference_price=exact("0.5")), 1, None),
    ],
)
def test_a_crooked_position_is_named(traded, entry, named):
    own = account([cross(traded, 1, entry, "p")])
    assert faults(own, DESK) == ((named,) if named else ())


@pytest.mark.parametrize(("leverage", "is_fault"), [("0.99", True), (1, False), (2, False), (None, False)])
def test_a_leverage_is_at_least_one(leverage, is_fault):
    own = account([cross(X, 1, 1, "p", leverage=leverage)])
    assert faults(own, DESK) == (("p: the leverage is below 1",) if is_fault else ())


def test_every_name_stands_for_one_position():
    own = account([cross(X, 1, 1, "p"), cross(X, 2, 1, "p"), cross(X, 1, 1, "q")])
    assert faults(own, DESK) == ("two positions are called p",)


@pytest.mark.parametrize(
    ("buffer", "named"), [("-0.1", ("the house buffer is negative",)), (0, ()), ("0.1", ())]
)
def test_a_house_buffer_is_not_negative(buffer, named):
    assert faults(account(buffer=buffer), DESK) == named


@pytest.mark.parametrize(
    ("shock", "traded", "is_fault"),
    [
        (-1, INVERSE, True),
        ("-0.99", INVERSE, False),
        ("-1.5", INVERSE, True),
        (-1, replace(X, loadings={"f": exact(1)}), False),
    ],
)
def test_no_scenario_takes_an_inverse_contract_to_zero(shock, traded, is_fault):
    policy = Policy(portfolio=PortfolioTerms((Scenario("s", {"f": exact(shock)}),), exact(0)))
    assert bool(faults(account([cross(traded, 1, 1, "p")]), policy)) is is_fault


def test_a_crooked_account_is_unknown_in_every_pool_and_has_no_figures():
    figures = assess(account([cross(X, 1, 0, "p")], wallet=10), market({"X": 1}), DESK)
    assert (figures.level, figures.equity, figures.pools[0].equity) == (Level.UNKNOWN, None, None)


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([], "first floor"),
        ([(1, "0.1")], "first floor"),
        ([(0, "0.1"), (0, "0.1")], "do not rise"),
        ([(0, "0.1"), (5, "0.1"), (4, "0.1")], "do not rise"),
        ([(0, 0)], "outside"),
        ([(0, "1.01")], "outside"),
        ([(0, "0.2", 0)], "outside"),
        ([(0, "0.2"), (5, "0.1")], "fall"),
        ([(0, "0.2", "0.1"), (5, "0.2", "0.05")], "fall"),
        ([(0, "0.2", "0.1"), (5, "1.01", "0.2")], "outside"),  # one rate is enough
    ],
)
def test_a_crooked_schedule_is_refused(tiers, message):
    with pytest.raises(ValueError, match=message):
        schedule(*tiers) if tiers else Schedule(())


def test_the_edges_of_a_schedule_are_allowed():
    whole = schedule((0, 1), (5, 1), fee=0)
    assert whole.deductions == (0, 0)
    assert Schedule((Tier(exact(0), exact(1), exact("0.5")),)).initial_rate(exact(7)) == 1
    with pytest.raises(ValueError, match="fee"):
        schedule((0, "0.1"), fee="-0.001")


@pytest.mark.parametrize(("rate", "is_refused"), [("-0.01", True), (0, False), (1, False), ("1.01", True)])
def test_a_haircut_lies_from_nought_to_one(rate, is_refused):
    if is_refused:
        with pytest.raises(ValueError, match="haircut"):
            haircuts((0, rate))
    else:
        assert haircuts((0, rate)).only_rise


def test_haircuts_that_fall_are_known_to():
    assert not haircuts((0, "0.2"), (5, "0.1")).only_rise
    assert haircuts((0, "0.1"), (5, "0.1")).only_rise
