"""Shocks and cascades worked by hand: what each price does, who is closed first, what it costs."""

from dataclasses import replace
from fractions import Fraction

import pytest

from margin.engine.cascade import Closing, Impact, cascade
from margin.engine.stress import Stress, Subject, shocked_market, stress
from margin.engine.types import Mark, PriceState, Rate, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

X = instrument("X", (0, "0.1"), loading="0.5", loadings={"f": exact(2), "g": exact(1)})
OIL = instrument("OIL", (0, "0.1"), loadings={"f": exact(1)}, allow_negative=True)


def subject(positions=(), *, code="A", rate=1, marks=None, rates=None, **more):
    prices = market(marks or {"X": 100, "OIL": 10}, rates)
    return Subject("C", replace(account(positions, **more), code=code), prices, DESK, exact(rate))


def shocked(**more):
    told = {
        name: {k: exact(v) for k, v in value.items()} if isinstance(value, dict) else value
        for name, value in more.items()
    }
    if "market" in told:
        told["market"] = exact(told["market"])
    return Stress("s", **told)


@pytest.mark.parametrize(
    ("scenario", "x", "oil"),
    [
        (shocked(factors={"f": "-0.1"}), 80, 9),
        (shocked(factors={"f": "-0.1", "g": "0.05"}), 85, 9),
        (shocked(factors={"f": "-0.1", "g": "0.05"}, together=True), 75, 9),
        (shocked(factors={"f": "0.1", "g": "-0.05"}, together=True), 125, 11),
        (shocked(factors={"g": "-0.2"}), 80, 10),
        (shocked(market="-0.1"), 95, 9),
        (shocked(market="-0.1", factors={"f": "0.1"}), 115, 10),
        (shocked(market="-0.1", instruments={"X": "0.3"}), 130, 9),
        (shocked(factors={"f": -2}), 0, -10),
        (shocked(together=True), 100, 10),
    ],
)
def test_a_mark_moves_by_its_loadings_by_what_is_told_and_not_below_zero_unless_it_may(scenario, x, oil):
    own = subject([cross(X, 1, 100), cross(OIL, 1, 10)], wallet=10_000)
    marks = shocked_market(own, scenario, {}).marks
    assert (marks["X"].price, marks["OIL"].price) == (x, oil)


def test_both_ends_of_a_band_move_with_the_mark_and_others_marks_stay():
    doubtful = Mark(exact(100), PriceState.STALE, exact(90), exact(110))
    own = subject([cross(X, 1, 100)], marks={"X": doubtful, "OTHER": 5})
    marks = shocked_market(own, shocked(factors={"f": "-0.1"}), {}).marks
    assert (marks["X"].price, marks["X"].low, marks["X"].high) == (80, 72, 88)
    assert marks["OTHER"].price == 5
    blank = subject([cross(X, 1, 100)], marks={"X": Mark(None)})
    assert shocked_market(blank, shocked(factors={"f": "-0.1"}), {}).marks["X"].price is None


@pytest.mark.parametrize(
    ("scenario", "rate"),
    [
        (shocked(assets={"COIN": "-0.25"}), 75),
        (shocked(market="-0.5"), 60),
        (shocked(market="-0.5", assets={"COIN": "0.1"}), 110),
        (shocked(factors={"f": "-0.1"}), 70),
        (shocked(factors={"f": "-0.1"}, market="-0.5"), 30),
        (shocked(assets={"COIN": -2}), 0),
    ],
)
def test_a_rate_moves_by_its_assets_loadings_and_not_below_zero(scenario, rate):
    """COIN answers the market with 0.8 and the factor with 3; the base currency never moves."""
    band = Rate(exact(100), low=exact(90), high=exact(120))
    own = subject(rates={"COIN": band, "USD": 1}, terms=[coin("COIN", loading="0.8"), coin("USD")])
    rates = shocked_market(own, scenario, {"COIN": {"f": exact(3)}}).rates
    assert (rates["COIN"].value, rates["COIN"].low, rates["COIN"].high) == (
        rate,
        rate * Fraction(9, 10),
        rate * Fraction(12, 10),
    )
    assert rates["USD"].value == 1


def test_an_asset_without_terms_moves_only_where_it_is_told():
    own = subject(rates={"COIN": 100})
    assert shocked_market(own, shocked(market="-0.5"), {}).rates["COIN"].value == 100


def test_what_must_be_closed_costs_its_share_the_more_the_thinner_the_market():
    own = subject([cross(X, 10, 100), cross(OIL, 1, 10)], wallet=300, rate=2)
    thin = replace(shocked(factors={"f": "-0.15"}), liquidity_factor=exact(3))
    (found,) = stress([own], thin, cost_shares={"X": exact("0.01")}).outcomes
    assert (found.after.equity, found.closing_cost) == (exact("-1.5"), 700 * exact("0.01") * 3 * 2)
    assert (found.cross_shortfall, found.isolated_shortfall, found.shortfall) == (3, 0, 3)
    (kept,) = stress([subject([cross(X, 1, 100)], wallet=300)], thin, cost_shares={"X": exact(1)}).outcomes
    assert kept.closing_cost == 0
    assert stress([own], thin).outcomes[0].closing_cost == 0


@pytest.mark.parametrize(
    ("flow", "thinness", "move"),
    [
        (50, 1, "0.05"),
        (-50, 1, "-0.05"),
        (50, 2, "0.1"),
        (900, 1, "0.25"),
        (-900, 1, "-0.25"),
        (0, 1, 0),
        ("0.5", 1, "0.0005"),
    ],
)
def test_a_flow_moves_a_price_by_its_share_of_the_depth_up_to_a_bound(flow, thinness, move):
    impact = Impact({"X": exact(1_000)})
    assert impact.move("X", exact(flow), exact(thinness)) == exact(move)
    assert impact.move("UNKNOWN", exact(flow), exact(thinness)) == 0


def test_a_closed_long_sells_and_a_closed_short_buys_and_both_are_filled_where_it_leaves_them():
    deep = Impact({"X": exact(10_000)}, cost_shares={"X": exact("0.01")})
    for side in (1, -1):
        gap = shocked(instruments={"X": -side * exact("0.1")})
        result = cascade([subject([cross(X, side * 10, 100)], wallet=150)], gap, deep)
        (closing,) = result.closings
        mark = 90 if side > 0 else 110
        moved = mark * (1 - side * Fraction(10 * mark, 10_000))
        assert result.moves[0] == {"X": -side * Fraction(10 * mark, 10_000)}
        wanted = 150 + side * 10 * (moved - 100) - 10 * moved / 100
        assert abs(closing.equity - wanted) < Fraction(1, 10**9)


def test_the_worst_off_is_closed_first_and_money_is_in_the_houses_currency():
    near = subject([cross(X, 10, 100)], wallet=95, code="NEAR")
    worse = subject([cross(X, 10, 100)], wallet=50, code="WORSE", rate=2)
    result = cascade([near, worse], Stress("none"), Impact({}))
    assert [(c.account, c.round, c.notional, c.equity) for c in result.closings] == [
        ("WORSE", 1, 2_000, 100),
        ("NEAR", 1, 1_000, 95),
    ]
    assert (result.rounds, result.is_quiet, result.house_loss) == (1, True, 0)


def test_flows_are_in_the_houses_currency_and_net_each_other():
    long = subject([cross(X, 10, 100)], wallet=50, code="L", rate=2)
    short = subject([cross(X, -5, 100)], wallet=20, code="S")
    result = cascade([long, short], Stress("none"), Impact({"X": exact(100_000)}))
    assert result.moves == ({"X": Fraction(-2_000 + 500, 100_000)},)
    even = subject([cross(X, -20, 100)], wallet=20, code="S")
    assert cascade([long, even], Stress("none"), Impact({"X": exact(100_000)})).moves == ({},)


def test_a_market_at_rest_waits_for_its_opening():
    resting = {"X": Mark(exact(100), PriceState.CLOSED), "OIL": 10}
    result = cascade([subject([cross(X, 10, 100)], wallet=50, marks=resting)], Stress("none"), Impact({}))
    assert (result.closings, result.is_quiet, result.rounds) == ((), True, 0)


def test_a_price_driven_down_stops_just_above_zero_unless_it_may_be_negative():
    whole = Impact({"X": exact(1), "OIL": exact(1)}, most_per_round=exact(2))
    for traded, mark, moved in ((X, 100, Fraction(1, 10**12)), (OIL, 10, Fraction(-10))):
        own = subject([cross(traded, 10, mark, "p")], wallet=1)
        (closing,) = cascade([own], Stress("none"), whole).closings
        assert closing.equity == 1 + 10 * (moved - mark)


def test_shortfalls_are_summed_by_client_and_the_fund_is_never_overdrawn():
    a = subject([isolated(X, 10, 100, "i")], wallet=500, pockets={"i": 10}, code="A")
    b = subject([cross(X, 10, 100)], wallet=20, code="B")
    gap = shocked(instruments={"X": "-0.1"})
    result = cascade([a, b], gap, Impact({}), fund=exact(1_000))
    assert (result.shortfall_of(isolated=True), result.shortfall_of(isolated=False)) == (90, 80)
    assert (result.shortfall_by_client(), result.fund_used, result.house_loss) == ({"C": 170}, 170, 0)
    assert cascade([a, b], gap, Impact({}), fund=exact(100)).house_loss == 70
    assert Closing(1, "C", "A", "cross", exact(1), exact(5)).shortfall == 0


def test_the_share_of_the_largest_is_of_all_that_was_closed():
    sizes = [subject([cross(X, k, 100)], wallet=k, code=f"A{k}") for k in range(1, 8)]
    result = cascade(sizes, Stress("none"), Impact({}))
    assert result.share_of_largest() == Fraction(25, 28)
    assert result.share_of_largest(1) == Fraction(7, 28)


def test_closing_costs_more_in_a_thin_market():
    own = subject([cross(X, 10, 100)], wallet=50)
    impact = Impact({}, cost_shares={"X": exact("0.01")})
    (closing,) = cascade([own], replace(Stress("none"), liquidity_factor=exact(3)), impact).closings
    assert closing.equity == 50 - 30


def test_what_is_unknown_before_or_after_has_no_loss():
    own = subject([], holdings=[("wallet", "COIN", 1)], rates={"COIN": 100}, terms=[coin("COIN")], wallet=5)
    gone = stress([own], shocked(assets={"COIN": -1})).outcomes[0]
    assert (gone.before.equity, gone.after.equity, gone.client_loss) == (105, None, None)
    blind = subject([cross(X, 1, 100)], marks={"OIL": 1}, wallet=5)
    assert stress([blind], shocked()).outcomes[0].client_loss is None
