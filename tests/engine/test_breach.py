"""The life of a breach, one transition a test."""

from datetime import UTC, datetime, timedelta

import pytest

from margin.engine.breach import BreachPolicy, Cause, Previous, State, decide
from margin.engine.figures import Finding, Reason, Severity
from margin.engine.types import exact

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
POLICY = BreachPolicy()


def finding(severity, measured=None):
    value = exact(measured) if measured is not None else exact(6 if severity is Severity.BREACH else 4)
    return Finding("client_leverage", "C", value, exact(5), severity, Reason.OVER_LIMIT, "cap")


OVER = finding(Severity.BREACH)
NEAR, INSIDE = finding(Severity.WARN, "4.5"), finding(Severity.OK, 1)
UNKNOWN = Finding("client_leverage", "C", None, exact(5), Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)


def after(state, found, *, minutes=0):
    step = decide(Previous(state, NOON), found, NOON + timedelta(minutes=minutes), POLICY)
    return step.to_state, step.reason


def test_a_limit_opens_on_the_first_evaluation():
    assert decide(None, OVER, NOON, POLICY).to_state is State.OPEN


def test_a_missing_cap_opens_a_breach_too():
    assert decide(None, finding(Severity.BLOCKED), NOON, POLICY).to_state is State.OPEN


@pytest.mark.parametrize("state", list(State))
def test_an_unknown_figure_changes_nothing(state):
    assert after(state, UNKNOWN) == (state, Cause.UNKNOWN_FIGURE)


def test_a_warning_is_left_a_little_lower_than_it_is_entered():
    assert after(State.CLEAR, NEAR) == (State.WARNING, Cause.NEAR_LIMIT)
    assert after(State.WARNING, finding(Severity.OK, "3.9")) == (State.WARNING, Cause.NEAR_LIMIT)
    assert after(State.WARNING, finding(Severity.OK, "3.84")) == (State.CLEAR, Cause.BACK_WITHIN)


def test_an_open_breach_stays_open_once():
    assert after(State.OPEN, OVER, minutes=1) == (State.OPEN, Cause.STILL_OVER)
    assert after(State.ACKNOWLEDGED, OVER, minutes=60) == (State.ACKNOWLEDGED, Cause.STILL_OVER)


def test_the_run_that_finds_it_cured_closes_it():
    assert after(State.ACKNOWLEDGED, NEAR) == (State.CURED, Cause.CURED)
    assert after(State.OPEN, INSIDE) == (State.CURED, Cause.CURED)
    assert after(State.OPEN, finding(Severity.WARN, "4.98")) == (State.OPEN, Cause.STILL_OVER)


def test_over_again_within_a_day_it_is_reopened_not_new():
    assert after(State.CURED, OVER, minutes=23 * 60) == (State.OPEN, Cause.REOPENED)
    assert after(State.CURED, OVER, minutes=24 * 60) == (State.OPEN, Cause.OVER_LIMIT)


def test_a_past_breach_stays_past_while_within():
    assert after(State.CURED, INSIDE) == (State.CURED, Cause.WITHIN)


def test_a_warning_is_left_below_exactly_seventy_seven_hundredths_of_the_limit():
    assert after(State.WARNING, finding(Severity.OK, "3.85"))[0] is State.WARNING
    assert after(State.WARNING, finding(Severity.OK, "3.8499"))[0] is State.CLEAR


def test_a_breach_is_cured_from_exactly_995_thousandths_of_the_limit():
    assert after(State.OPEN, finding(Severity.WARN, "4.9751")) == (State.OPEN, Cause.STILL_OVER)
    assert after(State.OPEN, finding(Severity.WARN, "4.975")) == (State.CURED, Cause.CURED)


@pytest.mark.parametrize(("measured", "limit"), [(None, 5), (4, None), (None, None)])
def test_within_and_nothing_to_compare_a_breach_is_cured_and_a_warning_stays(measured, limit):
    found = Finding("rule", "C", measured, limit, Severity.OK, Reason.WITHIN)
    assert after(State.OPEN, found) == (State.CURED, Cause.CURED)
    assert after(State.WARNING, found) == (State.WARNING, Cause.NEAR_LIMIT)


def test_what_was_clear_and_is_within_is_simply_within():
    assert after(State.CLEAR, INSIDE) == (State.CLEAR, Cause.WITHIN)
