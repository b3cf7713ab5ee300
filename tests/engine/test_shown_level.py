"""The shown level rises at once and falls only when it is meant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from margin.engine.figures import Level
from margin.engine.risk import Risk
from margin.engine.steadied import Shown, steady
from tests.engine.scene import DESK

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=10)


def used(percent, maintenance=None):
    house = Fraction(percent)
    return Risk(Fraction(100), house, Fraction(percent if maintenance is None else maintenance), house)


def test_it_rises_at_once():
    assert steady(Shown(Level.WATCH), Level.DANGER, used(85), NOON, DESK) == Shown(Level.DANGER)


def test_a_point_inside_is_not_enough_to_fall():
    assert steady(Shown(Level.DANGER), Level.AT_RISK, used(79), LATER, DESK) == Shown(Level.DANGER)


def test_nearly_two_points_inside_are_not_enough_either():
    assert steady(Shown(Level.DANGER), Level.AT_RISK, used("78.01"), LATER, DESK) == Shown(Level.DANGER)


def test_two_points_inside_for_ten_seconds_is():
    waiting = steady(Shown(Level.DANGER), Level.AT_RISK, used(78), NOON, DESK)
    assert waiting == Shown(Level.DANGER, NOON)
    almost = steady(waiting, Level.AT_RISK, used(78), LATER - timedelta(seconds=1), DESK)
    assert almost.level is Level.DANGER
    assert steady(almost, Level.AT_RISK, used(78), LATER, DESK) == Shown(Level.AT_RISK)


def test_a_step_back_outside_starts_the_wait_again():
    waiting = Shown(Level.DANGER, NOON)
    assert steady(waiting, Level.AT_RISK, used(79), LATER, DESK) == Shown(Level.DANGER)


def test_liquidation_is_left_by_its_own_figure_without_the_buffer():
    waiting = steady(Shown(Level.LIQUIDATION), Level.MARGIN_CALL, used(120, maintenance=98), NOON, DESK)
    assert waiting.inside_since == NOON
    assert (
        steady(waiting, Level.MARGIN_CALL, used(120, maintenance=98), LATER, DESK).level is Level.MARGIN_CALL
    )


def test_a_closed_out_pool_falls_too():
    empty = Risk(Fraction(0), Fraction(0), Fraction(0), Fraction(0))
    assert steady(Shown(Level.LIQUIDATION, NOON), Level.NORMAL, empty, LATER, DESK) == Shown(Level.NORMAL)


def test_unknown_shows_at_once_and_is_left_at_once():
    assert steady(Shown(Level.WATCH), Level.UNKNOWN, None, NOON, DESK) == Shown(Level.UNKNOWN)
    assert steady(Shown(Level.UNKNOWN), Level.WATCH, used(61), NOON, DESK) == Shown(Level.WATCH)


def test_a_call_is_left_two_points_below_the_whole_equity():
    assert steady(Shown(Level.MARGIN_CALL), Level.DANGER, used(99), NOON, DESK).inside_since is None
    assert steady(Shown(Level.MARGIN_CALL), Level.DANGER, used(98), NOON, DESK).inside_since == NOON


def test_a_shown_level_that_is_also_measured_waits_for_nothing():
    assert steady(Shown(Level.DANGER, NOON), Level.DANGER, used(85), LATER, DESK) == Shown(Level.DANGER)


def test_debt_without_a_requirement_is_not_inside_anything():
    debt = Risk(Fraction(-1), Fraction(0), Fraction(0), Fraction(0))
    assert steady(Shown(Level.UNKNOWN), Level.LIQUIDATION, debt, NOON, DESK) == Shown(Level.LIQUIDATION)
    assert steady(Shown(Level.LIQUIDATION, NOON), Level.NORMAL, debt, LATER, DESK).inside_since is None


def test_an_unknown_pool_shows_what_is_measured():
    assert steady(Shown(Level.LIQUIDATION, NOON), Level.NORMAL, None, NOON, DESK) == Shown(Level.NORMAL)


def test_a_requirement_of_less_than_one_is_still_one():
    almost = Risk(Fraction("1.01"), Fraction(1), Fraction(1), Fraction(1))
    assert steady(Shown(Level.LIQUIDATION, NOON), Level.DANGER, almost, LATER, DESK) == Shown(
        Level.LIQUIDATION
    )


def test_with_nothing_required_every_level_is_left_however_low_its_line():
    early = replace(DESK, watch=Fraction(1, 100))
    left = Risk(Fraction(1, 2), Fraction(0), Fraction(0), Fraction(0))
    assert steady(Shown(Level.WATCH, NOON), Level.NORMAL, left, LATER, early) == Shown(Level.NORMAL)
