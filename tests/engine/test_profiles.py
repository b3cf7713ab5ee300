"""The retail tests over all pools of an account, and which test binds."""

from datetime import date
from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.profiles import (
    Denominator,
    Profile,
    account_equity,
    binding_test,
    close_out,
    initial_at_opening,
    notices_due,
    profile_on,
    written_off,
)
from margin.engine.types import exact
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

RETAIL = Profile(
    "retail EU",
    Fraction(1, 2),
    negative_balance_protection=True,
    notice_step=Fraction(1, 10),
    since=date(2018, 8, 1),
)
WIDE = instrument("WIDE", (0, "0.6", "0.15"))
FAR = instrument("FAR", (0, "0.4", "0.08"))


def account_losing(cross_loss, isolated_loss):
    """Cross with initial 600 and maintenance 150; isolated with 400 and 80."""
    own = account(
        [cross(WIDE, 1, 1_000 + cross_loss), isolated(FAR, 1, 1_000 + isolated_loss, "i")],
        wallet=1_000,
        pockets={"i": 500},
    )
    return own, market({"WIDE": 1_000, "FAR": 1_000})


@pytest.mark.parametrize(("cross_loss", "isolated_loss", "total"), [(700, 350, 450), (250, 800, 750)])
def test_normal_pools_can_add_up_to_an_account_that_must_be_closed_out(cross_loss, isolated_loss, total):
    own, prices = account_losing(cross_loss, isolated_loss)
    figures = assess(own, prices, DESK)
    tested = close_out(own, prices, DESK, figures, RETAIL)
    assert (tested.measured, tested.required, tested.is_met) == (450, 500, False)
    assert tested.name == "retail EU close-out"
    assert figures.equity == total
    if cross_loss == 700:
        assert {pool.level for pool in figures.pools} <= {Level.NORMAL, Level.WATCH}


def test_the_test_that_bites_is_the_breached_one_with_the_largest_deficit():
    own, prices = account_losing(700, 350)
    figures = assess(own, prices, DESK)
    found = binding_test(own, prices, DESK, figures, RETAIL)
    assert (found.name, found.deficit) == ("retail EU close-out", 50)
    assert binding_test(own, prices, DESK, figures, None).deficit == 0
    own, prices = account_losing(250, 800)
    assert binding_test(own, prices, DESK, assess(own, prices, DESK), RETAIL).name == "isolated:i"


def test_while_nothing_is_breached_the_nearest_bites():
    own, prices = account_losing(100, 0)
    found = binding_test(own, prices, DESK, assess(own, prices, DESK), RETAIL)
    # At s the account has 1,400 + 2,000 s against 500 (1 + s), the pocket 500 + 1,000 s to 80 (1 + s).
    assert found.name == "isolated:i"
    assert found.distance == Fraction(420, 920)
    poor = account(own.positions, wallet=700, pockets={"i": 500})
    found = binding_test(poor, prices, DESK, assess(poor, prices, DESK), RETAIL)
    assert found.name == "retail EU close-out"
    assert abs(found.distance - Fraction(2, 5)) < Fraction(1, 10**15)


def test_the_profile_names_the_denominator():
    own = account([cross(WIDE, 1, 2_000)], wallet=1_500)
    prices = market({"WIDE": 1_000})
    figures = assess(own, prices, DESK)
    assert close_out(own, prices, DESK, figures, RETAIL).required == 300
    at_opening = Profile("retail EU", Fraction(1, 2), Denominator.AT_OPENING)
    assert close_out(own, prices, DESK, figures, at_opening).required == 600
    assert initial_at_opening(own, prices, DESK) == 1_200


def test_what_is_left_below_zero_after_closing_is_written_off():
    assert written_off(exact(-120), RETAIL) == 120
    assert written_off(exact(120), RETAIL) == 0
    assert written_off(exact(-120), Profile("professional")) == 0


@pytest.mark.parametrize(("now", "notices"), [(100, 0), (91, 0), (90, 1), ("80.1", 1), (80, 2), (120, 0)])
def test_every_full_ten_per_cent_down_is_a_notice(now, notices):
    assert notices_due(exact(100), exact(now), RETAIL) == notices


def test_rules_hold_from_their_first_day_until_they_are_repealed():
    old = Profile("p", Fraction(1, 2), since=date(2018, 1, 1), until=date(2020, 1, 1))
    new = Profile("p", Fraction(3, 4), since=date(2020, 1, 1))
    assert profile_on([old, new], "p", date(2019, 12, 31)) is old
    assert profile_on([old, new], "p", date(2020, 1, 1)) is new
    assert profile_on([old, new], "p", date(2017, 1, 1)) is None


def test_an_unknown_pool_leaves_the_test_open():
    own, _ = account_losing(0, 0)
    prices = market({"WIDE": 1_000})
    figures = assess(own, prices, DESK)
    assert account_equity(figures) is None
    assert close_out(own, prices, DESK, figures, RETAIL).is_met is None
    assert binding_test(own, prices, DESK, figures, RETAIL) is None
