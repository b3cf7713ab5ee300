"""Stale, unconfirmed, closed and missing prices."""

from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.types import Mark, PriceState, Rate, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

BTC, ETH, XAU = instrument("BTC-PERP"), instrument("ETH-PERP"), instrument("XAU")


def stale(price, low, high, state=PriceState.STALE):
    return Mark(exact(price), state, exact(low), exact(high))


def long_btc(wallet):
    return account([cross(BTC, 1, 60_000)], wallet=wallet)


def test_where_both_ends_agree_the_level_stands_and_is_marked_bounded():
    figures = assess(long_btc(20_000), market({"BTC-PERP": stale(60_000, 59_000, 61_000)}), DESK)
    assert figures.level is Level.NORMAL
    assert figures.bounded
    assert figures.equity == 20_000
    assert figures.unknown_because == ()


def test_where_they_disagree_it_is_unknown_says_why_and_shows_the_worse_end():
    figures = assess(long_btc(1_500), market({"BTC-PERP": stale(60_000, 59_000, 61_000)}), DESK)
    pool = figures.pool("cross")
    assert figures.level is Level.UNKNOWN
    assert pool.bounds == (Level.NORMAL, Level.LIQUIDATION)
    assert pool.equity == 500
    assert figures.unknown_because == ("stale price of BTC-PERP",)


def test_a_sure_liquidation_stands_on_a_stale_price():
    figures = assess(long_btc(100), market({"BTC-PERP": stale(60_000, 59_900, 60_050)}), DESK)
    assert (figures.level, figures.bounded) == (Level.LIQUIDATION, True)


def test_the_worst_of_two_doubtful_prices_is_found_side_by_side():
    both = account([cross(BTC, 1, 60_000), cross(ETH, -10, 3_000)], wallet=3_200)
    prices = {"BTC-PERP": stale(60_000, 59_000, 61_000), "ETH-PERP": stale(3_000, 2_900, 3_100)}
    pool = assess(both, market(prices), DESK).pool("cross")
    assert pool.level is Level.UNKNOWN
    assert pool.equity == 3_200 - 1_000 - 1_000
    assert {row.instrument: row.mark for row in pool.positions} == {"BTC-PERP": 59_000, "ETH-PERP": 3_100}


def test_a_doubtful_collateral_rate_is_taken_at_both_ends_too():
    own = account([cross(BTC, 1, 60_000)], holdings=[("wallet", "EUR", 1_000)], terms=[coin("EUR")])
    rate = Rate(exact("1.1"), PriceState.UNCONFIRMED, ("EUR/USD",), exact("0.5"), exact("1.2"))
    figures = assess(own, market({"BTC-PERP": 60_000}, {"EUR": rate}), DESK)
    assert figures.level is Level.UNKNOWN
    assert figures.equity == 500
    assert figures.unknown_because == ("unconfirmed rate from EUR to USD",)


def test_a_doubt_touches_only_the_pools_that_hold_it():
    own = account([cross(BTC, 1, 60_000), isolated(ETH, 1, 3_000, "eth")], wallet=20_000, pockets={"eth": 60})
    figures = assess(own, market({"BTC-PERP": 60_000, "ETH-PERP": stale(3_000, 2_900, 3_100)}), DESK)
    assert figures.pool("cross").level is Level.NORMAL
    assert not figures.pool("cross").bounded
    assert figures.pool("isolated:eth").level is Level.UNKNOWN
    assert figures.level is Level.UNKNOWN


def test_a_known_liquidation_is_not_hidden_by_another_pools_missing_price():
    own = account([cross(BTC, 1, 60_000), isolated(ETH, 1, 3_000, "eth")], wallet=1, pockets={"eth": 60})
    figures = assess(own, market({"BTC-PERP": 60_000}), DESK)
    assert (figures.level, figures.binding_pool) == (Level.LIQUIDATION, "cross")
    assert figures.unknown_because == ("no price of ETH-PERP",)
    assert figures.equity is None


def test_a_missing_price_leaves_no_figure_at_all():
    figures = assess(long_btc(20_000), market({}), DESK)
    pool = figures.pool("cross")
    assert (pool.level, pool.equity, pool.maintenance) == (Level.UNKNOWN, None, None)
    assert pool.positions[0].notional is None


def test_a_stale_price_without_a_guard_band_is_missing():
    figures = assess(long_btc(20_000), market({"BTC-PERP": Mark(exact(60_000), PriceState.STALE)}), DESK)
    assert figures.unknown_because == ("stale price of BTC-PERP without a guard band",)


def test_a_price_of_zero_is_no_price_where_it_may_not_be_negative():
    figures = assess(long_btc(20_000), market({"BTC-PERP": 0}), DESK)
    assert figures.unknown_because == ("the price of BTC-PERP is not above zero",)


def test_a_closed_market_is_not_in_doubt_and_is_named():
    own = account([cross(XAU, 10, 2_000)], wallet=150)
    figures = assess(own, market({"XAU": Mark(exact(2_000), PriceState.CLOSED)}), DESK)
    assert figures.level is Level.LIQUIDATION
    assert not figures.bounded
    assert figures.pool("cross").closed_markets == ("XAU",)


def test_an_asset_without_terms_is_a_missing_input_not_full_collateral():
    own = account([], holdings=[("wallet", "EUR", 5)])
    figures = assess(own, market({}, {"EUR": "1.1"}), DESK)
    assert figures.unknown_because == ("no collateral terms for EUR",)


def test_one_crooked_account_is_unknown_and_says_why():
    crooked = account([cross(BTC, 1, 0, leverage="0.5")], wallet=1)
    figures = assess(crooked, market({"BTC-PERP": 1}), DESK)
    assert figures.level is Level.UNKNOWN
    assert figures.unknown_because == (
        "BTC-PERP|cross|long: the entry price is not above zero",
        "BTC-PERP|cross|long: the leverage is below 1",
    )
