"""The gate at its edges: parts of a coin, worse prices, crooked and doubtful accounts, who was short."""

import pytest

from margin.engine.exact import assess
from margin.engine.pretrade import (
    Control,
    Decision,
    Order,
    Restraints,
    Why,
    check,
    most_isolated_margin,
    reduces_risk,
)
from margin.engine.risk import Risk
from margin.engine.types import Mark, Mode, PriceState, exact
from tests.engine.scene import DESK, account, cross, instrument, isolated, market
from tests.engine.test_pretrade import BTC, ETH, LOOSE, ask, restraints, whys


def held(quantity, *, wallet=15):
    return account([cross(BTC, quantity, 100, "btc")], wallet=wallet)


def test_half_a_coin_can_be_bought_back_and_an_empty_account_buys_half_a_coin():
    assert whys(ask(held(-2), "0.5")) == [Why.REDUCES_RISK]
    assert whys(ask(account([], wallet=100), "0.5")) == [Why.COVERED]
    assert whys(ask(held("0.5"), "-0.5")) == [Why.REDUCES_RISK]


def test_a_short_sold_further_is_new_risk_and_a_closing_larger_than_it_is_held_is_cut():
    assert whys(ask(held(-1, wallet=100), -1)) == [Why.COVERED]
    assert ask(held(-2), 10).quantity == exact("3.5")
    assert ask(held("-0.5", wallet=0), 10, control=Control.REDUCE_ONLY).quantity == exact("0.5")
    assert ask(held("0.5", wallet=0), -10, control=Control.REDUCE_ONLY).quantity == exact("-0.5")


def eth_order(own, quantity, *, control=Control.REDUCE_ONLY, cost="0"):
    """An instrument without lots."""
    order = Order("eth", ETH, Mode.CROSS, exact(quantity), cost_share=exact(cost))
    return check(own, order, market({"ETH": 100, "BTC": 100}), DESK, restraints(control))


@pytest.mark.parametrize(("quantity", "order", "part"), [(2, -10, -2), (-2, 10, 2), ("0.5", -3, "-0.5")])
def test_without_lots_the_part_that_closes_is_offered_whole(quantity, order, part):
    own = account([cross(ETH, quantity, 100, "eth")], wallet=100)
    verdict = eth_order(own, order)
    assert (verdict.decision, verdict.quantity) == (Decision.REDUCE_TO, exact(part))


def test_without_lots_nothing_is_offered_where_nothing_closes_or_closing_adds_risk():
    empty = eth_order(account([], wallet=100), 1)
    assert (empty.decision, empty.quantity) == (Decision.REJECT, 0)
    dear = eth_order(account([cross(ETH, 10, 100, "eth"), cross(BTC, 1, 100)], wallet=100), -20, cost="0.5")
    assert (dear.decision, dear.quantity) == (Decision.REJECT, 0)


def test_less_than_one_added_to_less_than_one_is_new_risk_and_is_cut_to_the_lots_that_fit():
    assert whys(ask(held("0.5", wallet=100), "0.5")) == [Why.COVERED]
    assert ask(account([], wallet=3), "0.5").quantity == exact("0.3")


@pytest.mark.parametrize(
    ("wallet", "quantity", "price", "part"),
    [(5, "0.5", 101, "0.4"), (5, "0.5", 99, "0.5"), (100, -10, 99, "-9"), (100, -10, 101, -10)],
)
def test_buying_dearer_and_selling_cheaper_than_the_mark_is_valued_so(wallet, quantity, price, part):
    assert ask(account([], wallet=wallet), quantity, price=price).quantity == exact(part)


def test_margin_given_with_an_order_that_only_closes_moves_nowhere():
    own = account([isolated(BTC, 10, 100, "btc")], wallet=100, pockets={"btc": 200})
    verdict = ask(own, -10, mode=Mode.ISOLATED, mark=70, margin=50)
    assert verdict.after.pool("cross").equity == 100
    assert verdict.after.pool("isolated:btc").shortfall == 100


def test_a_crooked_position_may_be_closed():
    own = account([cross(BTC, 1, 100, "btc", leverage="0.5"), cross(ETH, 1, 100, "eth")], wallet=50)
    verdict = ask(own, -1)
    assert verdict.before.equity is None
    assert (verdict.decision, whys(verdict)) == (Decision.ALLOW, [Why.REDUCES_RISK])


def test_no_new_risk_on_a_figure_in_doubt():
    order = Order("btc", BTC, Mode.CROSS, exact(1))
    doubtful = market({"BTC": 100, "ETH": Mark(exact(100), PriceState.STALE, exact(80), exact(120))})
    own = account([cross(ETH, 10, 100, "eth")], wallet=120)
    reasons = check(own, order, doubtful, DESK, restraints()).reasons
    assert (Why.UNKNOWN_FIGURE, "cross") in [(because.why, because.pool) for because in reasons]


def test_who_was_short_before_still_is_and_a_new_pool_is_newly_short():
    short = account([cross(BTC, 10, 100, "btc")], wallet=60)
    assert whys(ask(short, 1)) == [Why.STILL_SHORT]
    assert whys(ask(account([], wallet=100), 10, mode=Mode.ISOLATED, ref="iso", margin=50)) == [
        Why.NEWLY_SHORT
    ]
    assert whys(ask(account([cross(BTC, 10, 100, "btc")], wallet=100), 1)) == [Why.NEWLY_SHORT]


def test_another_pool_that_was_short_is_named_as_the_other():
    own = account([isolated(ETH, 10, 100, "eth")], wallet=100, pockets={"eth": 49})
    assert whys(ask(own, 1)) == [Why.OTHER_POOL_SHORT]
    fine = account([isolated(ETH, 10, 100, "eth")], wallet=100, pockets={"eth": 50})
    assert whys(ask(fine, 1)) == [Why.COVERED]


@pytest.mark.parametrize("is_met", [True, False])
def test_the_accounts_own_test_can_refuse_what_the_pools_allow(is_met):
    seen = []

    def test(own, figures):
        seen.append((len(own.positions), figures.initial))
        return is_met

    order = Order("btc", BTC, Mode.CROSS, exact(1))
    verdict = check(
        account([], wallet=100),
        order,
        market({"BTC": 100}),
        DESK,
        Restraints(Control.OPEN, restraints().account_caps, LOOSE, test),
    )
    assert whys(verdict) == [Why.COVERED if is_met else Why.ACCOUNT_TEST]
    assert (1, 10) in seen


@pytest.mark.parametrize(
    ("before", "after", "reduces"),
    [
        ((100, 50), (100, 50), True),
        ((100, 50), (200, 60), False),
        ((50, 100), (10, 60), False),
        ((0, 50), (-5, 40), True),
        (("0.5", 50), (-5, 40), False),
        ((-10, 100), ("-10.5", 50), True),
        ((200, 100), (150, 50), True),
        ((200, 100), (149, 50), False),
    ],
)
def test_an_order_reduces_risk_by_three_inequalities(before, after, reduces):
    """(E, MM): MM does not rise, E - MM does not fall and, where E > 0, E/MM does not fall."""
    (e, mm), (e2, mm2) = before, after
    now, then = (
        Risk(exact(equity), exact(0), exact(need), exact(need)) for equity, need in ((e, mm), (e2, mm2))
    )
    assert reduces_risk(now, then) is reduces


def test_a_leg_beyond_the_position_limit_is_refused_and_anothers_is_not_asked():
    small = instrument("SMALL", (0, "0.1"), cap=500, lot=exact(1))
    caps = {**LOOSE, "SMALL": LOOSE["BTC"]}
    prices = market({"BTC": 100, "SMALL": 100})
    own = account([cross(small, 6, 100, "s")], wallet=10_000)
    for traded, ref, wanted in ((small, "s", Why.POSITION_LIMIT), (BTC, "btc", Why.COVERED)):
        order = Order(ref, traded, Mode.CROSS, exact(1))
        assert whys(check(own, order, prices, DESK, restraints(caps=caps))) == [wanted]
    fits = Order("s", small, Mode.CROSS, exact(7))
    assert check(account([], wallet=10_000), fits, prices, DESK, restraints(caps=caps)).quantity == 5


def test_nothing_can_be_allocated_from_a_wallet_that_is_unknown_or_empty():
    assert most_isolated_margin(assess(account([]), market({}), DESK)) == 0
    assert most_isolated_margin(assess(account([cross(BTC, 1, 100)], wallet=50), market({}), DESK)) == 0
