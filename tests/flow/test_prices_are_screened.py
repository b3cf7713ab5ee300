"""A price is believed, doubted or refused, always with the reason. No database."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.flow.screen import Guards, LastQuote, PriceReport, fits, judge, refuse
from tests.factories import MONDAY_NOON

NOW = MONDAY_NOON
GUARDS = Guards(frozenset({"sim", "second"}), True, False, Decimal(0), Decimal("0.10"), 30)
OIL = replace(GUARDS, allow_negative=True, reference_price=Decimal(1))


def report(
    price: str = "100", *, bid: str | None = None, ask: str | None = None, ago: float = 0
) -> PriceReport:
    sides = [Decimal(side) if side else None for side in (bid, ask)]
    return PriceReport("BTC-PERP", Decimal(price), *sides, NOW - timedelta(seconds=ago))


def seen(
    price: str = "100", *, ago: float = 1, source: str = "sim", confirmed: str | None = None
) -> LastQuote:
    time = NOW - timedelta(seconds=ago)
    last = Decimal(confirmed or price)
    return LastQuote(source, Decimal(price), time, time, confirmed is None, last, time)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (report("NaN"), "not_a_number"),
        (report("sNaN"), "not_a_number"),
        (report("Infinity"), "not_a_number"),
        (report("100", bid="NaN", ask="101"), "not_a_number"),
        (report("0"), "zero"),
        (report("-37.63"), "negative"),
        (report("100", bid="0", ask="101"), "zero"),
        (report("100", bid="101", ask="99"), "crossed"),
        (report("0.0000000000000000001"), "too_many_digits"),
        (report("1" + "0" * 20), "too_many_digits"),
        (report("1E+400"), "too_many_digits"),
        (report(ago=31), "too_old"),
        (report(ago=-2.1), "from_the_future"),
        (replace(report(), time=datetime(2026, 3, 2, 12)), "time_without_zone"),  # noqa: DTZ001
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_impossible_price_is_refused_by_name(sent: PriceReport, reason: str):
    refused = refuse(sent, GUARDS, "sim", None, NOW)
    assert refused is not None
    assert refused.reason == reason


def test_an_instrument_or_source_the_desk_does_not_know_is_refused():
    assert refuse(report(), None, "sim", None, NOW).reason == "unknown_instrument"
    assert refuse(report(), replace(GUARDS, active=False), "sim", None, NOW).reason == "unknown_instrument"
    assert refuse(report(), GUARDS, "stranger", None, NOW).reason == "source_not_listed"


def test_a_price_not_newer_than_the_last_is_refused():
    assert refuse(report(ago=2), GUARDS, "sim", seen(ago=1), NOW).reason == "out_of_order"
    assert refuse(report("100", ago=1), GUARDS, "sim", seen("100", ago=1), NOW).reason == "duplicate"
    assert refuse(report("101", ago=1), GUARDS, "sim", seen("100", ago=1), NOW).reason == "out_of_order"


def test_a_price_at_the_edge_of_every_rule_passes():
    for sent in (report(ago=30), report(ago=-2), report("100", bid="100", ask="100"), report("1E+19")):
        assert refuse(sent, GUARDS, "sim", None, NOW) is None


def test_negative_oil_passes_where_the_instrument_allows_it():
    assert refuse(report("-37.63", bid="-38", ask="-37"), OIL, "sim", None, NOW) is None
    assert refuse(report("0"), OIL, "sim", None, NOW) is None


def test_the_first_price_and_a_move_within_the_band_are_believed():
    assert judge(report("100"), GUARDS, None, [], NOW).confirmed
    assert judge(report("110"), GUARDS, seen("100"), [], NOW).confirmed


def test_a_jump_is_doubted_and_says_from_where():
    judgement = judge(report("110.01"), GUARDS, seen("100"), [], NOW)
    assert judgement.doubt == "jump from 100 to 110.01"
    assert judgement.since == NOW


def test_a_jump_that_persists_is_believed():
    standing = replace(seen("80", confirmed="100"), doubt_since=NOW - timedelta(seconds=2))
    assert judge(report("81"), GUARDS, standing, [], NOW).confirmed
    too_soon = replace(standing, doubt_since=NOW - timedelta(seconds=1.9))
    assert judge(report("81"), GUARDS, too_soon, [], NOW).since == too_soon.doubt_since


def test_a_jump_to_the_other_side_or_far_from_the_first_starts_anew():
    standing = replace(seen("80", confirmed="100"), doubt_since=NOW - timedelta(seconds=60))
    for price in ("125", "60"):
        judgement = judge(report(price), GUARDS, standing, [], NOW)
        assert (judgement.confirmed, judgement.since) == (False, NOW)


def test_a_jump_that_a_second_source_shows_too_is_believed():
    assert judge(report("80"), GUARDS, seen("100"), [seen("82", source="second")], NOW).confirmed
    silent = seen("82", source="second", ago=31)
    assert not judge(report("80"), GUARDS, seen("100"), [silent], NOW).confirmed


def test_two_sources_that_always_differ_do_not_put_each_other_in_doubt():
    other = seen("115", source="second", ago=0.5)
    assert judge(report("100.5"), GUARDS, seen("100"), [other], NOW).confirmed


def test_a_silent_source_that_returns_is_held_against_the_newest_of_all():
    returning, other = seen("100", ago=3600), seen("150", source="second")
    assert judge(report("149"), GUARDS, returning, [other], NOW).confirmed
    assert not judge(report("104"), GUARDS, returning, [other], NOW).confirmed


def test_prices_around_zero_are_measured_against_the_reference_price():
    assert judge(report("0.05"), OIL, seen("0.01"), [], NOW).confirmed
    assert not judge(report("-0.2"), OIL, seen("0.01"), [], NOW).confirmed


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19))
def test_what_fits_is_stored_without_rounding(number: Decimal):
    assert fits(number)


@given(st.integers(1, 10**36), st.integers(19, 40))
def test_a_nineteenth_decimal_never_fits(units: int, places: int):
    number = Decimal(f"{units}1E-{places}")
    assert not fits(number)


def test_a_quote_from_ahead_kept_by_a_wrong_clock_holds_up_no_right_price():
    ahead = seen("100", ago=-3600)
    assert refuse(report("99", ago=-1), GUARDS, "sim", ahead, NOW) is None
    doubted = replace(ahead, price=Decimal(200), doubt_since=NOW + timedelta(hours=1))
    assert judge(report("200"), GUARDS, doubted, [], NOW).since == NOW


def test_a_quote_within_the_tolerance_ahead_is_newer_all_the_same():
    refused = refuse(report("99"), GUARDS, "sim", seen("100", ago=-2), NOW)
    assert refused is not None
    assert refused.reason == "out_of_order"
