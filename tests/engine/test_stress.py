"""Stress and cascade: the same question after a shock, and what forced closing does to everyone."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from margin.engine.cascade import Impact, cascade
from margin.engine.figures import Level
from margin.engine.stress import Stress, Subject, stress, stress_all
from margin.engine.types import exact
from tests.engine.random_accounts import random_account
from tests.engine.reading import read
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

BTC = instrument("BTC", (0, "0.05"), loadings={"crypto": exact(1)})
ETH = instrument("ETH", (0, "0.05"), loadings={"crypto": exact("1.2"), "eth": exact(1)})
GOLD = instrument("GOLD", (0, "0.05"), loadings={"metal": exact(1)})
PRICES = market({"BTC": 100, "ETH": 10, "GOLD": 50}, {"COIN": 100})


def subject(positions, *, client="C", code="ACC", rate=1, **more):
    return Subject(client, replace(account(positions, **more), code=code), PRICES, DESK, exact(rate))


def long_btc(wallet, quantity=10, **more):
    return subject([cross(BTC, quantity, 100)], wallet=wallet, **more)


@given(st.integers(0, 10**9))
def test_a_shock_of_nothing_changes_nothing(seed):
    own, prices, policy = read(random_account(seed))
    result = stress([Subject("C", own, prices, policy)], Stress("calm", {"crypto": exact(0)}))
    assert result.outcomes[0].before == result.outcomes[0].after
    assert result.outcomes[0].client_loss == 0


def test_prices_move_by_their_loadings():
    outcome = stress(
        [subject([cross(ETH, 10, 10)], wallet=1_000)], Stress("x", {"crypto": exact("-0.1")})
    ).outcomes[0]
    assert outcome.client_loss == 12
    told = Stress("told", {"crypto": exact("-0.1")}, instruments={"ETH": exact("-0.5")})
    assert stress([subject([cross(ETH, 10, 10)], wallet=1_000)], told).outcomes[0].client_loss == 50


def test_with_correlation_going_to_one_a_hedge_across_factors_stops_hedging():
    own = subject([cross(BTC, 10, 100), cross(GOLD, 20, 50)], wallet=1_000)
    apart = Stress("apart", {"crypto": exact("-0.2"), "metal": exact("0.1")})
    as_one = Stress("as one", dict(apart.factors), together=True)
    losses = [result.outcomes[0].client_loss for result in stress_all([own], [apart, as_one], {})]
    assert losses == [100, 300]


def test_collateral_moves_too():
    own = subject([], holdings=[("wallet", "COIN", 1)], terms=[coin("COIN", (0, "0.1"))])
    named = Stress("named", assets={"COIN": exact("-0.5")})
    assert stress([own], named).outcomes[0].client_loss == 45
    by_factor = Stress("by factor", {"crypto": exact("-0.5")})
    assert stress([own], by_factor, {"COIN": {"crypto": exact(1)}}).outcomes[0].client_loss == 45


def test_new_calls_and_liquidations_are_those_that_were_not_before():
    already = long_btc(10, code="A")
    fresh = long_btc(200, code="B")
    result = stress([already, fresh], Stress("fall", {"crypto": exact("-0.19")}))
    assert [outcome.account for outcome in result.at(Level.LIQUIDATION)] == ["B"]


def test_an_isolated_pocket_caps_the_clients_loss_not_the_houses():
    ring = subject([isolated(BTC, 10, 100, "b")], wallet=500, pockets={"b": 100}, code="RING")
    open_ended = long_btc(100, code="OPEN")
    result = stress([ring, open_ended], Stress("crash", {"crypto": exact("-0.4")}))
    ringed, shared = result.outcomes
    assert (ringed.client_loss, ringed.isolated_shortfall) == (100, 300)
    assert (shared.client_loss, shared.cross_shortfall) == (400, 300)
    assert result.house_loss == 600


def test_what_could_not_be_computed_is_named():
    blind = Subject("C", account([cross(BTC, 1, 100)], wallet=1), market({}), DESK)
    assert stress([blind], Stress("x")).unknown == ("ACC",)


DEEP = Impact({"BTC": exact(100_000)})
THIN = Impact({"BTC": exact(5_000)})


def crowd():
    """Each next one stands a little safer."""
    return [long_btc(50 + 60 * k, code=f"A{k}", client=f"C{k}") for k in range(6)]


def test_in_a_deep_market_only_the_weak_are_closed():
    result = cascade(crowd(), Stress("dip", {"crypto": exact("-0.05")}), DEEP)
    assert {closing.account for closing in result.closings} == {"A0"}
    assert result.is_quiet


def test_in_a_thin_market_the_first_closing_pulls_the_next_ones_down():
    result = cascade(crowd(), Stress("dip", {"crypto": exact("-0.05")}), THIN)
    assert {closing.account for closing in result.closings} >= {"A0", "A1", "A2", "A3"}
    assert [closing.round for closing in result.closings] == sorted(c.round for c in result.closings)
    assert result.rounds > 1


def test_a_thinner_market_is_never_kinder():
    dip = {"crypto": exact("-0.05")}
    deep = cascade(crowd(), Stress("dip", dip), THIN)
    thinner = cascade(crowd(), Stress("dip", dip, liquidity_factor=exact(2)), THIN)
    assert len(thinner.closings) >= len(deep.closings)
    assert thinner.house_loss >= deep.house_loss


def test_the_fund_pays_first_then_the_house():
    shock = Stress("gap", {"crypto": exact("-0.3")})
    without = cascade(crowd()[:1], shock, DEEP)
    lacking = without.house_loss
    assert lacking > 0
    assert without.shortfall_by_client() == {"C0": lacking}
    helped = cascade(crowd()[:1], shock, DEEP, fund=lacking / 4)
    assert (helped.fund_used, helped.house_loss) == (lacking / 4, lacking * 3 / 4)


def test_shortfalls_of_isolated_pockets_are_the_houses_and_shown_apart():
    ring = subject([isolated(BTC, 10, 100, "b")], wallet=500, pockets={"b": 100})
    result = cascade([ring], Stress("gap", {"crypto": exact("-0.3")}), Impact({}))
    assert result.shortfall_of(isolated=True) == 200
    assert result.shortfall_of(isolated=False) == 0
    assert result.house_loss == 200


def test_a_few_big_accounts_decide():
    big = long_btc(1_000, 100, code="BIG")
    small = [long_btc(10, 1, code=f"S{k}") for k in range(10)]
    result = cascade([big, *small], Stress("fall", {"crypto": exact("-0.08")}), Impact({}))
    assert result.share_of_largest(1) == Fraction(100, 110)
    assert cascade([], Stress("fall"), DEEP).share_of_largest() is None


def test_it_ends_at_its_bound_and_says_so():
    result = cascade(crowd(), Stress("dip", {"crypto": exact("-0.05")}), THIN, most_rounds=1)
    assert (result.rounds, result.is_quiet) == (1, False)


def test_a_currency_of_its_own_is_reported_in_the_houses():
    own = long_btc(50, rate=2)
    assert cascade([own], Stress("gap", {"crypto": exact("-0.3")}), Impact({})).house_loss == 500
