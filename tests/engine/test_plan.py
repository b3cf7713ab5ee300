"""Reduction plans end at the target, cut hedges whole and never go the wrong way."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from margin.engine.exact import assess
from margin.engine.plan import Choose, Cut, reduction_plan
from margin.engine.types import Mark, Offsets, Policy, PriceState, exact
from tests.engine.random_accounts import random_account
from tests.engine.reading import read
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

HEDGE = Policy(offsets=Offsets.HEDGE)
X = instrument("X", (0, "0.1"), lot=exact(1))
Y = instrument("Y", (0, "0.05"), lot=exact(1))
SHARES = {"X": exact("0.001"), "Y": exact("0.001")}


def hedged_book():
    own = account([cross(X, 10, 100, "xl"), cross(X, -10, 100, "xs"), cross(Y, 20, 50, "y")], wallet=200)
    return own, market({"X": 100, "Y": 50})


def test_pairs_of_a_hedge_are_cut_together_until_the_target_is_met():
    own, prices = hedged_book()
    plan = reduction_plan(own, prices, HEDGE, pool="cross", cost_shares=SHARES)
    (step,) = plan.steps
    assert step.cuts == (Cut("xl", exact(-4)), Cut("xs", exact(4)))
    assert (step.before.maintenance, step.after.maintenance) == (150, 110)
    assert (step.after.equity, step.cost, plan.attained) == (exact("199.2"), exact("0.8"), True)
    assert step.after.utilisation == Fraction(110, 1) / exact("199.2")


def test_one_pair_less_would_miss_the_target():
    _, prices = hedged_book()
    three = account([cross(X, 7, 100, "xl"), cross(X, -7, 100, "xs"), cross(Y, 20, 50, "y")], wallet="199.4")
    assert assess(three, prices, HEDGE).utilisation > HEDGE.target


def test_one_leg_of_a_hedge_releases_nothing():
    own, prices = hedged_book()
    bare = account([cross(X, 10, 100, "xl"), cross(X, -6, 100, "xs"), cross(Y, 20, 50, "y")], wallet=200)
    assert assess(bare, prices, HEDGE).maintenance == assess(own, prices, HEDGE).maintenance


@pytest.mark.parametrize(
    ("choose", "first"),
    [(Choose.LEAST_COST, "CHEAP"), (Choose.LARGEST_LOSS, "LOSER"), (Choose.LARGEST_MARGIN, "BIG")],
)
def test_the_order_of_closing_can_be_chosen(choose, first):
    cheap, loser, big = (instrument(code, (0, "0.1"), lot=exact(1)) for code in ("CHEAP", "LOSER", "BIG"))
    own = account([cross(cheap, 5, 100, "c"), cross(loser, 5, 120, "l"), cross(big, 9, 100, "b")], wallet=300)
    prices = market({"CHEAP": 100, "LOSER": 100, "BIG": 100})
    shares = {"CHEAP": exact("0.001"), "LOSER": exact("0.002"), "BIG": exact("0.003")}
    plan = reduction_plan(own, prices, DESK, pool="cross", cost_shares=shares, choose=choose)
    assert plan.steps[0].underlying == first


def test_a_pool_at_its_target_needs_no_plan():
    own = account([cross(Y, 10, 50)], wallet=1_000)
    plan = reduction_plan(own, market({"Y": 50}), DESK, pool="cross", cost_shares={})
    assert (plan.steps, plan.attained) == ((), True)


def test_a_pool_in_debt_is_closed_whole_and_says_that_it_is_not_enough():
    own = account([isolated(X, 10, 100, "x")], pockets={"x": 50})
    plan = reduction_plan(own, market({"X": 90}), DESK, pool="isolated:x", cost_shares=SHARES)
    assert plan.steps[0].cuts == (Cut("x", exact(-10)),)
    assert not plan.attained
    assert plan.account.positions == ()


def test_no_plan_rests_on_a_missing_price():
    own, _ = hedged_book()
    assert reduction_plan(own, market({"X": 100}), DESK, pool="cross", cost_shares={}) is None


def plan_of(own, prices, policy=DESK, **more):
    return reduction_plan(
        own, market(prices), policy, pool="cross", cost_shares=more.pop("shares", {}), **more
    )


def test_exactly_at_the_target_nothing_is_cut():
    own = account([cross(X, 6, 100)], wallet=100)
    assert assess(own, market({"X": 100}), DESK).utilisation == DESK.target
    assert plan_of(own, {"X": 100}).steps == ()


def test_cuts_are_rounded_up_to_a_lot_that_is_not_one():
    coarse = instrument("X", (0, "0.1"), lot=exact("2.5"))
    plan = plan_of(account([cross(coarse, "7.5", 100, "x")], wallet=100), {"X": 100})
    assert plan.steps[0].cuts == (Cut("x", exact("-2.5")),)
    fine = instrument("X", (0, "0.1"), lot=exact("0.5"))
    plan = plan_of(account([cross(fine, "7.5", 100, "x")], wallet=100), {"X": 100})
    assert plan.steps[0].cuts == (Cut("x", exact("-1.5")),)


def test_the_last_cut_of_an_odd_size_is_what_is_left():
    coarse = instrument("X", (0, "0.1"), lot=exact(2))
    plan = plan_of(account([cross(coarse, 3, 100, "x")], wallet=1), {"X": 100})
    assert plan.steps[0].cuts == (Cut("x", exact(-3)),)


def test_one_lot_is_cut_where_one_is_enough_and_half_a_coin_is_a_position_too():
    plan = plan_of(account([cross(X, 7, 100, "x")], wallet=100), {"X": 100})
    assert plan.steps[0].cuts == (Cut("x", exact(-1)),)
    bare = instrument("X", (0, "0.1"))
    plan = plan_of(account([cross(bare, "0.5", 100, "x")], wallet="5"), {"X": 100})
    assert plan.steps[0].cuts == (Cut("x", exact("-0.2")),)


def test_without_lots_a_cut_is_in_ten_thousandths_of_the_position():
    bare = instrument("X", (0, "0.1"))
    plan = plan_of(account([cross(bare, 1, 90, "x")], wallet=7), {"X": 97})
    (cut,) = plan.steps[0].cuts
    assert (cut.quantity * 10_000).denominator == 1
    assert cut.quantity * 10_000 % 2 != 0


def test_a_group_is_cut_as_finely_as_its_position_with_the_most_lots():
    perp, future = (
        instrument(code, (0, "0.1"), underlying="COIN", lot=exact(lot)) for code, lot in (("P", 1), ("F", 20))
    )
    own = account([cross(perp, 100, 10, "p"), cross(future, -20, 10, "f")], wallet=190)
    plan = plan_of(own, {"P": 10, "F": 10})
    assert plan.steps[0].cuts == (Cut("p", exact(-1)), Cut("f", exact(20)))


def test_what_has_no_cost_of_its_own_is_closed_at_the_mark():
    plan = plan_of(account([cross(X, 7, 100, "x")], wallet=100), {"X": 100}, shares={"Y": exact(1)})
    assert plan.cost == 0


def test_no_plan_rests_on_a_price_in_doubt_whose_ends_disagree():
    own = account([cross(X, 7, 100, "x")], wallet=80)
    doubtful = Mark(exact(100), PriceState.STALE, exact(80), exact(120))
    assert assess(own, market({"X": doubtful}), DESK).pool("cross").equity is not None
    assert plan_of(own, {"X": doubtful}) is None


def test_what_frees_nothing_is_left_alone_and_comes_last():
    free = instrument("A", (0, "0.1", "0.1", 1_000), lot=exact(1))
    own = account([cross(free, 10, 100, "a"), cross(X, 7, 100, "x")], wallet=100)
    plan = plan_of(own, {"A": 100, "X": 100}, shares={"X": exact("0.5")})
    assert [step.underlying for step in plan.steps] == ["X"]
    own = account([cross(free, 10, 100, "a")], wallet=-1)
    assert plan_of(own, {"A": 100}).steps == ()


def test_by_largest_margin_the_dearest_goes_first_whatever_it_costs_or_lost():
    small = instrument("A", (0, "0.01"), lot=exact(1))
    own = account([cross(small, 10, 100, "a"), cross(X, 7, 100, "x"), cross(Y, 5, 100, "y")], wallet=60)
    plan = plan_of(own, {"A": 100, "X": 100, "Y": 100}, choose=Choose.LARGEST_MARGIN)
    assert [step.underlying for step in plan.steps][:1] == ["X"]


@given(st.integers(0, 10**9), st.sampled_from(list(Choose)))
def test_every_step_of_a_plan_lowers_the_requirement(seed, choose):
    own, prices, policy = read(random_account(seed))
    assume(own.positions)
    plan = reduction_plan(
        own,
        prices,
        policy,
        pool="cross",
        cost_shares=dict.fromkeys(prices.marks, exact("0.001")),
        choose=choose,
    )
    for step in plan.steps:
        assert step.after.house < step.before.house
    for before, after in zip(plan.steps, plan.steps[1:], strict=False):
        assert before.after == after.before
        assert before.after.house > policy.target * before.after.equity
