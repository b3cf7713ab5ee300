"""Account tests at their edges: inputs that are missing, several that are breached, distances by search."""

from datetime import date
from fractions import Fraction

import pytest

from margin.engine import profiles
from margin.engine.exact import assess
from margin.engine.profiles import (
    Denominator,
    Profile,
    account_equity,
    binding_test,
    close_out,
    initial_at_opening,
    notices_due,
    written_off,
)
from margin.engine.types import Mark, Offsets, Policy, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

HALF = Profile("p", Fraction(1, 2))
AT_OPENING = Profile("p", Fraction(1, 2), Denominator.AT_OPENING)
X = instrument("X", (0, "0.4", "0.1"))
PRICES = market({"X": 100})


def bites(own, profile=HALF, prices=PRICES):
    return binding_test(own, prices, DESK, assess(own, prices, DESK), profile)


@pytest.mark.parametrize(
    ("measured", "required", "is_met", "deficit"),
    [(5, 5, True, 0), (4, 5, False, 1), (6, 5, True, 0), (None, 5, None, 0), (5, None, None, 0)],
)
def test_a_test_is_met_from_exactly_what_it_requires(measured, required, is_met, deficit):
    tested = profiles.Tested("t", measured and exact(measured), required and exact(required))
    assert (tested.is_met, tested.deficit) == (is_met, deficit)


def test_a_profile_without_a_close_out_tests_nothing():
    own = account([cross(X, 1, 100)], wallet=1)
    assert close_out(own, PRICES, DESK, assess(own, PRICES, DESK), Profile("none")) is None


def test_the_margin_at_opening_is_at_each_positions_own_entry_and_todays_rate():
    foreign = instrument("F", (0, "0.5", "0.1"), settlement="EUR")
    held = [cross(X, 2, 50), cross(X, -1, 200, leverage=2), isolated(foreign, 1, 80, "f")]
    own = account(held, terms=[coin("EUR")])
    prices = market({"X": 100, "F": 90}, {"EUR": 2})
    assert initial_at_opening(own, prices, DESK) == 40 + 100 + 80
    assert initial_at_opening(own, prices, Policy(offsets=Offsets.HEDGE)) == 220
    assert initial_at_opening(own, market({"X": 100, "F": 90}), DESK) is None


def test_an_account_is_not_floored_at_zero_and_unknown_with_any_of_its_pools():
    own = account([isolated(X, 1, 200, "a"), isolated(X, 1, 90, "b")], wallet=5, pockets={"a": 50, "b": 20})
    assert account_equity(assess(own, PRICES, DESK)) == 5 + (50 - 100) + 30
    assert account_equity(assess(own, market({"X": Mark(None)}), DESK)) is None


@pytest.mark.parametrize(
    ("start", "now", "notices"),
    [
        (100, "90.01", 0),
        (100, 90, 1),
        (100, 0, 10),
        (100, -5, 10),
        (0, -5, 0),
        (-5, -50, 0),
        ("0.5", "0.4", 2),
        (1, "0.9", 1),
    ],
)
def test_a_notice_is_a_full_step_of_a_value_above_zero(start, now, notices):
    assert notices_due(exact(start), exact(now), Profile("p", notice_step=Fraction(1, 10))) == notices
    assert notices_due(exact(start), exact(now), Profile("p")) == 0


def test_nothing_is_written_off_of_nothing():
    assert written_off(exact(0), Profile("p", negative_balance_protection=True)) == 0
    assert written_off(exact(-1), Profile("p", negative_balance_protection=True)) == 1


def test_of_several_breached_the_largest_deficit_bites():
    """Pocket: 5 of 10; account: 5 of half of 40. The wallet's own pool is fine."""
    own = account([isolated(X, 1, 100, "i")], pockets={"i": 5})
    found = bites(own)
    assert (found.name, found.deficit, found.distance) == ("p close-out", 15, None)
    richer = account([isolated(X, 1, 100, "i")], wallet=12, pockets={"i": 5})
    assert (bites(richer).name, bites(richer).deficit) == ("isolated:i", 5)
    assert bites(richer).distance == 0


def test_without_a_profile_the_nearest_pool_bites_and_an_empty_one_never():
    own = account([cross(X, 10, 100), isolated(X, 10, 100, "i")], wallet=600, pockets={"i": 500})
    found = bites(own, None)
    assert (found.name, found.deficit, found.distance) == ("isolated:i", 0, Fraction(400, 900))
    assert bites(account(wallet=5), None) is None
    assert bites(account([isolated(X, 10, 100, "i")], pockets={"i": 500}), None).name == "isolated:i"


@pytest.mark.parametrize(
    ("profile", "quantity", "wallet", "distance"),
    [
        # 10 long: 500 + 1,000 s = half of 400 (1 + s).
        (HALF, 10, 500, Fraction(300, 800)),
        # At opening it stays 200.
        (AT_OPENING, 10, 500, Fraction(300, 1_000)),
        # 10 short: 500 - 1,000 s = 200 (1 + s).
        (HALF, -10, 500, Fraction(300, 1_200)),
        (AT_OPENING, -10, 500, Fraction(300, 1_000)),
    ],
)
def test_the_distance_to_a_close_out_is_where_the_account_meets_it(profile, quantity, wallet, distance):
    found = bites(account([cross(X, quantity, 100)], wallet=wallet), profile)
    assert (found.name, found.deficit) == ("p close-out", 0)
    assert abs(found.distance - distance) < Fraction(1, 10**15)


def test_a_test_that_no_shock_reaches_does_not_bite():
    own = account([cross(X, 1, 100)], wallet=10**6)
    assert bites(own) is None


def test_a_profile_holds_from_its_first_day_to_the_day_before_its_last():
    held = Profile("p", since=date(2020, 1, 1), until=date(2021, 1, 1))
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)]
    assert [held.holds_on(day) for day in days] == [False, True, True, False]
    assert Profile("p").holds_on(date(1999, 1, 1))


def test_of_two_ways_to_a_close_out_the_nearer_bites():
    """Short of three with a coin that moves ten times as much: both ways lead there."""
    own = account(
        [cross(X, -3, 100)], wallet=100, holdings=[("wallet", "COIN", 1)], terms=[coin("COIN", loading=1)]
    )
    prices = market({"X": 100}, {"COIN": 100})
    # Up: 200 - 200 s = 60 (1 + s) at 140/260.
    assert abs(bites(own, prices=prices).distance - Fraction(140, 260)) < Fraction(1, 10**15)
    fast = account([cross(X, -1, 100)], wallet=100, holdings=[("wallet", "COIN", 3)], terms=[coin("COIN")])
    # Down: 400 + 200 s = 20 (1 + s) at -380/180, never; up it only gains.
    assert bites(fast, prices=prices) is None


def test_where_both_ways_fail_the_nearer_distance_is_told():
    """Up the initial rate steps to one from 1,200 of notional on."""
    steep = instrument("X", (0, "0.4", "0.1"), (1_200, 1, "0.1"))
    own = account([cross(steep, 10, 100)], wallet=230)
    # Down: 230 + 1,000 s = 200 (1 + s).
    assert abs(bites(own).distance - Fraction(30, 800)) < Fraction(1, 10**15)


def test_a_close_out_beyond_a_thousand_per_cent_is_none_and_no_close_out_leaves_the_pools():
    own = account([cross(X, -1, 100)], wallet=10_000)
    assert bites(own) is None
    near = account([cross(X, 10, 100)], wallet=600)
    assert bites(near, Profile("none")).name == "cross"
