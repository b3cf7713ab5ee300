"""The gate: what reduces risk goes through, new risk must be covered."""

import pytest

from margin.engine.exact import assess
from margin.engine.limits import Cap
from margin.engine.pretrade import (
    Because,
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
from margin.engine.types import Mode, exact
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

BTC = instrument("BTC", (0, "0.1", "0.05"), lot=exact("0.1"))
ETH = instrument("ETH", (0, "0.1", "0.05"))
LOOSE = {"BTC": [Cap("btc cap", "instrument", exact(100))], "ETH": [Cap("eth cap", "instrument", exact(100))]}


def restraints(control=Control.OPEN, cap=50, caps=LOOSE):
    return Restraints(control, [Cap("client cap", "client", exact(cap))], caps)


def ask(own, quantity, *, price=None, mark=100, mode=Mode.CROSS, ref="btc", margin=0, cost="0", **more):
    order = Order(
        ref,
        BTC,
        mode,
        exact(quantity),
        None if price is None else exact(price),
        exact(margin),
        cost_share=exact(cost),
    )
    return check(own, order, market({"BTC": mark, "ETH": 100}), DESK, restraints(**more))


def whys(verdict):
    return [because.why for because in verdict.reasons]


def test_an_empty_order_changes_nothing():
    own = account([cross(BTC, 1, 90, "btc")], wallet=50)
    verdict = ask(own, 0)
    assert (verdict.decision, verdict.before) == (Decision.ALLOW, verdict.after)


def test_new_risk_that_is_covered_is_allowed():
    verdict = ask(account([], wallet=100), 10)
    assert (verdict.decision, verdict.quantity) == (Decision.ALLOW, 10)
    assert verdict.after.initial == 100


def test_new_risk_beyond_the_margin_is_cut_to_the_lots_that_fit():
    verdict = ask(account([], wallet=100), 11)
    assert (verdict.decision, verdict.quantity) == (Decision.REDUCE_TO, 10)
    assert whys(verdict) == [Why.NEWLY_SHORT]


def test_an_order_is_valued_at_the_worse_of_its_price_and_the_mark_with_the_fee():
    assert ask(account([], wallet=100), 10, price=90).decision is Decision.ALLOW
    dear = ask(account([], wallet=100), 10, price=101)
    assert dear.decision is Decision.REDUCE_TO
    assert ask(account([], wallet=100), 10, cost="0.001").decision is Decision.REDUCE_TO


def test_closing_is_allowed_even_while_the_pool_stays_short():
    own = account([cross(BTC, 10, 100, "btc")], wallet=1)
    verdict = ask(own, -5)
    assert verdict.before.level.word == verdict.after.level.word == "liquidation"
    assert (verdict.decision, whys(verdict)) == (Decision.ALLOW, [Why.REDUCES_RISK])


def test_half_closed_at_a_small_cost_from_below_zero_is_allowed():
    before, after = (
        Risk(exact(-10), exact(100), exact(100), exact(100)),
        Risk(exact("-10.5"), exact(50), exact(50), exact(50)),
    )
    assert reduces_risk(before, after)
    assert not reduces_risk(before, Risk(exact(-70), exact(50), exact(50), exact(50)))


def test_a_closing_that_lowers_equity_faster_than_the_requirement_adds_risk():
    assert not reduces_risk(
        Risk(exact(300), exact(0), exact(100), exact(100)), Risk(exact(260), exact(0), exact(90), exact(90))
    )


def test_only_the_part_up_to_zero_reduces_the_rest_is_new_risk():
    own = account([cross(BTC, 2, 100, "btc")], wallet=15)
    verdict = ask(own, -10)
    assert (verdict.decision, verdict.quantity) == (Decision.REDUCE_TO, exact("-3.5"))
    held = ask(own, -10, control=Control.REDUCE_ONLY)
    assert (held.decision, held.quantity, whys(held)) == (Decision.REDUCE_TO, -2, [Why.REDUCE_ONLY])


def test_a_frozen_account_may_not_even_close():
    verdict = ask(account([cross(BTC, 2, 100, "btc")], wallet=15), -1, control=Control.FROZEN)
    assert (verdict.decision, whys(verdict)) == (Decision.REJECT, [Why.FROZEN])


def test_a_missing_cap_refuses_new_risk_whatever_the_margin():
    verdict = ask(account([], wallet=10**6), 1, caps={})
    assert (verdict.decision, whys(verdict)) == (Decision.REJECT, [Why.NO_CAP])


def test_the_binding_cap_is_named_with_what_was_measured():
    verdict = ask(account([], wallet=100), 10, cap=5)
    assert verdict.reasons == (Because(Why.OVER_CAP, "", "client cap", exact(10), exact(5)),)
    assert verdict.quantity == 5


def test_another_pool_that_is_short_refuses_new_risk():
    own = account([isolated(ETH, 10, 100, "eth")], wallet=1_000, pockets={"eth": 10})
    assert whys(ask(own, 1)) == [Why.OTHER_POOL_SHORT]


def funded():
    """Cross: equity 10,000, initial 6,000, maintenance 3,000."""
    return account([cross(ETH, 600, 100, "eth")], wallet=10_000)


@pytest.mark.parametrize(("margin", "decision"), [(5_000, Decision.REJECT), (4_000, Decision.ALLOW)])
def test_an_isolated_allocation_must_leave_the_pool_that_funds_it_covered(margin, decision):
    assert most_isolated_margin(assess(funded(), market({"ETH": 100}), DESK)) == 4_000
    verdict = ask(funded(), 100, mode=Mode.ISOLATED, ref="iso", margin=margin)
    assert verdict.decision is decision
    assert verdict.before.pool("cross").initial == 6_000


def test_closing_an_isolated_position_returns_what_is_left_to_the_wallet():
    own = account([isolated(BTC, 10, 100, "btc")], wallet=100, pockets={"btc": 200})
    verdict = ask(own, -10, mode=Mode.ISOLATED, mark=90)
    assert verdict.decision is Decision.ALLOW
    assert [pool.pool for pool in verdict.after.pools] == ["cross"]
    assert verdict.after.equity == 200


def test_an_isolated_shortfall_stays_in_its_pocket():
    own = account([isolated(BTC, 10, 100, "btc")], wallet=100, pockets={"btc": 200})
    verdict = ask(own, -10, mode=Mode.ISOLATED, mark=70)
    assert verdict.after.pool("cross").equity == 100
    assert verdict.after.pool("isolated:btc").shortfall == 100


def test_adding_to_a_position_leaves_its_profit_as_it_was():
    own = account([cross(BTC, 1, 80, "btc")], wallet=1_000)
    verdict = ask(own, 3)
    assert verdict.after.positions[0].unrealised_pnl == 20
    assert verdict.after.equity == verdict.before.equity


def test_without_a_price_nothing_new_is_let_through():
    order = Order("x", instrument("XXX"), Mode.CROSS, exact(1))
    verdict = check(account([], wallet=1), order, market({}), DESK, restraints())
    assert whys(verdict) == [Why.NO_PRICE]
