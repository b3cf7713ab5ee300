"""Which price counts, and how far it is trusted. No database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from margin.book.facts import Guarded, QuoteFact
from margin.book.marks import Pinned, from_shown, pin, pin_all
from margin.engine.calendar import TradingCalendar, read_calendar
from margin.engine.types import PriceState
from tests.factories import MONDAY_NOON

NOW = MONDAY_NOON
GUARDED = Guarded(1, "BTC-PERP", ("first", "second"), 5, 30, Fraction(5, 100), TradingCalendar("UTC"), 2)


def quote(source: str, price: int, ago: float, *, doubt: str = "", heard: float | None = None) -> QuoteFact:
    """`ago`: seconds since the last confirmed price; `heard`: since the source spoke at all."""
    confirmed = NOW - timedelta(seconds=ago)
    received = confirmed if heard is None else NOW - timedelta(seconds=heard)
    return QuoteFact(source, received, doubt, Fraction(price), confirmed)


def mark(*quotes: QuoteFact, trading: bool = True) -> Pinned:
    return pin(GUARDED, {q.source: q for q in quotes}, NOW, trading=trading)


def test_the_first_fresh_source_in_rank_counts_even_where_another_is_newer():
    found = mark(quote("first", 100, 4), quote("second", 101, 0))
    assert (found.mark, found.source, found.state) == (100, "first", PriceState.FRESH)


def test_sources_rank_as_the_instrument_lists_them():
    ranked = replace(GUARDED, sources=("second", "first"))
    found = pin(
        ranked, {q.source: q for q in (quote("first", 100, 0), quote("second", 101, 4))}, NOW, trading=True
    )
    assert (found.mark, found.source) == (101, "second")


def test_at_its_soft_limit_a_price_is_fresh_still_and_so_is_a_doubt():
    assert mark(quote("first", 100, 5)).state is PriceState.FRESH
    assert mark(quote("first", 100, 9, doubt="jump", heard=5)).state is PriceState.UNCONFIRMED


def test_a_stale_first_source_gives_way_to_a_fresh_second():
    found = mark(quote("first", 100, 6), quote("second", 101, 1))
    assert (found.mark, found.state) == (101, PriceState.FRESH)


def test_a_source_in_doubt_gives_way_to_one_that_is_not():
    found = mark(quote("first", 100, 1, doubt="jump", heard=0), quote("second", 101, 2))
    assert (found.mark, found.state) == (101, PriceState.FRESH)


def test_with_every_source_stale_the_newest_confirmed_price_stands_within_its_guard_band():
    found = mark(quote("first", 100, 20), quote("second", 102, 10))
    assert (found.mark, found.state, found.hard) == (102, PriceState.STALE, False)
    assert (float(found.low or 0), float(found.high or 0)) == (96.9, 107.1)


def test_an_unconfirmed_jump_leaves_the_last_confirmed_price_in_doubt():
    found = mark(quote("first", 100, 3, doubt="jump from 100 to 60", heard=0))
    assert (found.mark, found.state) == (100, PriceState.UNCONFIRMED)
    assert (found.low, found.high) == (95, 105)


def test_the_doubt_of_a_source_without_any_confirmed_price_counts_too():
    never = QuoteFact("second", NOW, "jump", None, None)
    assert mark(quote("first", 100, 9), never).state is PriceState.UNCONFIRMED


def test_a_doubt_that_fell_silent_is_staleness():
    assert mark(quote("first", 100, 9, doubt="jump", heard=8)).state is PriceState.STALE


def test_beyond_the_hard_limit_the_doubt_grows_with_the_age():
    found = mark(quote("first", 100, 60))
    assert (found.low, found.high, found.hard) == (90, 110, True)
    at_the_limit = mark(quote("first", 100, 30))
    assert (at_the_limit.low, at_the_limit.hard) == (95, False)
    assert mark(quote("first", 100, 30.001)).hard


def test_the_band_is_rounded_outwards_and_lies_about_a_price_below_zero_too():
    found = mark(quote("first", 100, 31))
    assert (found.low, found.high) == (Decimal("94.833333333333333333"), Decimal("105.166666666666666667"))
    below = mark(quote("first", -100, 9))
    assert (below.low, below.high) == (-105, -95)


def test_without_a_hard_limit_the_band_stays_as_it_is():
    found = pin(replace(GUARDED, hard_seconds=0), {"first": quote("first", 100, 9)}, NOW, trading=True)
    assert (found.low, found.high, found.hard) == (95, 105, True)


def test_without_any_confirmed_price_there_is_none():
    never = QuoteFact("first", NOW, "jump", None, None)
    for found in (mark(), mark(never)):
        assert (found.mark, found.state) == (None, PriceState.MISSING)


def test_a_source_that_the_instrument_does_not_list_never_counts():
    assert mark(quote("stranger", 100, 0)).state is PriceState.MISSING


@pytest.mark.parametrize("ago", [1, 200_000])
def test_a_market_at_rest_has_a_closed_price_however_old(ago: float):
    found = mark(quote("first", 100, ago), trading=False)
    assert (found.mark, found.state, found.low, found.hard) == (100, PriceState.CLOSED, None, False)


def test_the_calendar_says_when_a_market_rests():
    week = read_calendar(zone="America/New_York", sessions=[{"from": "sun 18:00", "to": "fri 17:00"}])
    fx = Guarded(2, "EURUSD", ("first",), 5, 30, Fraction(1, 100), week, 5)
    friday = datetime(2026, 3, 6, 21, 59, 59, tzinfo=UTC)
    quotes = {"EURUSD": {"first": QuoteFact("first", friday, "", Fraction(11, 10), friday)}}
    states = [
        pin_all([fx, GUARDED], quotes, friday + timedelta(hours=hours))["EURUSD"].state
        for hours in (0, 1, 49.5)
    ]
    assert states == [PriceState.FRESH, PriceState.CLOSED, PriceState.STALE]
    asleep = {"BTC-PERP": {"first": quotes["EURUSD"]["first"]}}
    found = pin_all([fx, GUARDED], asleep, friday + timedelta(hours=1))
    assert found["BTC-PERP"].state is PriceState.STALE, "each by its own calendar"


def test_a_mark_is_stored_and_read_back_exactly():
    for found in (mark(quote("first", 100, 61)), mark(), mark(quote("first", 100, 1))):
        assert from_shown(found.as_shown()) == found


def test_a_price_from_ahead_of_this_clock_is_no_fresher_than_one_from_as_far_behind():
    assert mark(quote("first", 100, -5)).state is PriceState.FRESH
    assert mark(quote("first", 100, -3600)) == replace(
        mark(quote("first", 100, 3600)), time=NOW + timedelta(hours=1)
    )
    assert mark(quote("first", 100, -3600), quote("second", 101, 0)).source == "second"
