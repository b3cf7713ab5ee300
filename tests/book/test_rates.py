"""Rates between assets: direct, inverse, then through USD; the path is told, and doubt goes with it."""

from decimal import Decimal
from fractions import Fraction

from margin.book.facts import Edge
from margin.book.marks import Pinned
from margin.book.rates import RateGraph
from margin.engine.types import PriceState

EUR = Edge("EUR", "USD", "EURUSD")
BTC = Edge("BTC", "USD", "BTC-PERP")
USDT = Edge("USDT", "USD", "USDTUSD")
CROSS = Edge("EUR", "BTC", "EURBTC")


def fresh(price: str) -> Pinned:
    return Pinned(Decimal(price), PriceState.FRESH, "sim")


def stale(price: str, low: str, high: str) -> Pinned:
    return Pinned(Decimal(price), PriceState.STALE, "sim", low=Decimal(low), high=Decimal(high))


MARKS = {"EURUSD": fresh("1.25"), "BTC-PERP": fresh("50000")}


def test_an_asset_is_worth_one_of_itself():
    assert RateGraph([], {}).rate("USD", "USD").value == 1


def test_a_direct_rate_is_the_mark_and_an_inverse_its_reciprocal():
    graph = RateGraph([EUR], MARKS)
    assert graph.rate("EUR", "USD").value == Fraction(5, 4)
    assert graph.rate("EUR", "USD").path == ("EURUSD (EUR/USD)",)
    assert graph.rate("USD", "EUR").value == Fraction(4, 5)
    assert graph.rate("USD", "EUR").path == ("1/EURUSD (EUR/USD)",)


def test_two_assets_without_an_edge_meet_in_usd():
    rate = RateGraph([EUR, BTC], MARKS).rate("BTC", "EUR")
    assert rate.value == 40_000
    assert rate.path == ("BTC-PERP (BTC/USD)", "1/EURUSD (EUR/USD)")


def test_a_fresh_way_round_is_taken_before_a_stale_direct_one():
    marks = MARKS | {"EURBTC": stale("0.00003", "0.00002", "0.00004")}
    rate = RateGraph([CROSS, EUR, BTC], marks).rate("EUR", "BTC")
    assert (rate.value, rate.state) == (Fraction(5, 4) / 50_000, PriceState.FRESH)


def test_without_a_fresh_path_the_first_one_stands_with_both_its_ends():
    marks = {"EURUSD": stale("1.25", "1.20", "1.30"), "BTC-PERP": fresh("50000")}
    graph = RateGraph([EUR, BTC], marks)
    rate = graph.rate("BTC", "EUR")
    assert rate.state is PriceState.STALE
    assert (rate.low, rate.high) == (Fraction(50_000) / Fraction("1.30"), Fraction(50_000) / Fraction("1.20"))


def test_the_worst_step_names_the_state_of_a_path():
    marks = {"EURUSD": fresh("1.25"), "BTC-PERP": Pinned(Decimal(50000), PriceState.CLOSED, "sim")}
    assert RateGraph([EUR, BTC], marks).rate("BTC", "EUR").state is PriceState.CLOSED


def test_usdt_is_not_usd():
    assert RateGraph([EUR, BTC], MARKS).rate("USDT", "USD").value is None
    marks = MARKS | {"USDTUSD": fresh("0.98")}
    assert RateGraph([EUR, BTC, USDT], marks).rate("USDT", "USD").value == Fraction(98, 100)


def test_a_price_that_is_not_above_zero_is_no_rate():
    marks = {"EURUSD": fresh("-1"), "BTC-PERP": Pinned(None, PriceState.MISSING)}
    graph = RateGraph([EUR, BTC], marks)
    assert graph.rate("EUR", "USD").state is PriceState.MISSING
    assert graph.rate("BTC", "USD").value is None
