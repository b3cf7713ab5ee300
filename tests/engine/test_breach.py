"""The life of a breach, one transition a test."""

from datetime import UTC, datetime, timedelta

import pytest

from margin.engine.breach import BreachPolicy, Cause, Previous, State, decide, may_lift_restriction
from margin.engine.figures import Finding, Reason, Severity
from margin.engine.types import exact

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
POLICY = BreachPolicy()


def finding(severity, measured=None, *, hard=True):
    value = exact(measured) if measured is not None else exact(6 if severity is Severity.BREACH else 4)
    return Finding("client_leverage", "C", value, exact(5), severity, Reason.OVER_LIMIT, "cap", hard)


OVER, SOFT_OVER = finding(Severity.BREACH), finding(Severity.BREACH, hard=False)
NEAR, INSIDE = finding(Severity.WARN, "4.5"), finding(Severity.OK, 1)
UNKNOWN = Finding("client_leverage", "C", None, exact(5), Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)


def after(state, found, *, minutes=0, **more):
    step = decide(Previous(state, NOON, **more), found, NOON + timedelta(minutes=minutes), POLICY)
    return step.to_state, step.reason


def test_a_hard_limit_opens_on_the_first_evaluation():
    assert decide(None, OVER, NOON, POLICY).to_state is State.OPEN


def test_a_soft_limit_opens_on_the_second():
    assert after(State.CLEAR, SOFT_OVER) == (State.PENDING, Cause.FIRST_SEEN_OVER)
    assert after(State.PENDING, SOFT_OVER) == (State.OPEN, Cause.OVER_LIMIT)
    assert after(State.PENDING, INSIDE) == (State.CLEAR, Cause.BACK_WITHIN)


def test_a_missing_cap_opens_a_breach_too():
    assert decide(None, finding(Severity.BLOCKED), NOON, POLICY).to_state is State.OPEN


@pytest.mark.parametrize("state", list(State))
def test_an_unknown_figure_changes_nothing(state):
    assert after(state, UNKNOWN) == (state, Cause.UNKNOWN_FIGURE)


def test_a_warning_is_left_a_little_lower_than_it_is_entered():
    assert after(State.CLEAR, NEAR) == (State.WARNED, Cause.NEAR_LIMIT)
    assert after(State.WARNED, finding(Severity.OK, "3.9")) == (State.WARNED, Cause.NEAR_LIMIT)
    assert after(State.WARNED, finding(Severity.OK, "3.84")) == (State.CLEAR, Cause.BACK_WITHIN)


def test_an_open_breach_stays_open_once():
    assert after(State.OPEN, OVER, minutes=1, opened_at=NOON) == (State.OPEN, Cause.STILL_OVER)


@pytest.mark.parametrize(("minutes", "steps"), [(2, 1), (4, 2), (8, 3)])
def test_unacknowledged_it_climbs_at_once_twice_and_four_times_the_time(minutes, steps):
    previous = Previous(State.OPEN, NOON, opened_at=NOON, escalations=steps - 1)
    step = decide(previous, OVER, NOON + timedelta(minutes=minutes), POLICY)
    assert (step.to_state, step.reason, step.escalations) == (State.ESCALATED, Cause.NOT_ACKNOWLEDGED, steps)
    same = Previous(State.ESCALATED, NOON, opened_at=NOON, escalations=steps)
    assert decide(same, OVER, NOON + timedelta(minutes=minutes), POLICY).reason is Cause.STILL_OVER


def test_a_soft_breach_has_fifteen_minutes():
    assert after(State.OPEN, SOFT_OVER, minutes=14, opened_at=NOON)[0] is State.OPEN
    assert after(State.OPEN, SOFT_OVER, minutes=15, opened_at=NOON)[0] is State.ESCALATED


def test_an_acknowledged_breach_does_not_climb():
    assert after(State.ACKNOWLEDGED, OVER, minutes=60, opened_at=NOON) == (
        State.ACKNOWLEDGED,
        Cause.STILL_OVER,
    )


def test_the_run_that_finds_it_cured_closes_it():
    assert after(State.ACKNOWLEDGED, INSIDE) == (State.RESOLVED, Cause.CURED)
    assert after(State.ESCALATED, NEAR) == (State.RESOLVED, Cause.CURED)
    assert after(State.OPEN, INSIDE) == (State.AUTO_CLEARED, Cause.CURED)


def test_over_again_within_a_day_it_is_reopened_not_new():
    assert after(State.RESOLVED, OVER, minutes=23 * 60) == (State.OPEN, Cause.REOPENED)
    assert after(State.RESOLVED, OVER, minutes=24 * 60) == (State.OPEN, Cause.OVER_LIMIT)


def test_a_past_breach_stays_past_while_within():
    assert after(State.REVIEWED, INSIDE) == (State.REVIEWED, Cause.WITHIN)


def test_a_waiver_holds_until_it_ends():
    until = NOON + timedelta(minutes=30)
    assert after(State.WAIVED, OVER, minutes=29, waived_until=until) == (State.WAIVED, Cause.WAIVED)
    assert after(State.WAIVED, OVER, minutes=30, waived_until=until) == (State.OPEN, Cause.WAIVER_ENDED)


def test_a_restriction_is_lifted_a_little_inside_the_limit():
    assert not may_lift_restriction(finding(Severity.WARN, "4.76"), POLICY)
    assert may_lift_restriction(finding(Severity.WARN, "4.75"), POLICY)
    assert not may_lift_restriction(UNKNOWN, POLICY)
