"""The life of a limit breach: from a finding and what stood before, what stands now.

Takes the previous state, the newest finding, the time and the policy; gives the next state with a named
reason. Writes nothing and reads no clock. What people do (acknowledge, waive, review) is written elsewhere
and comes in here as the previous state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from margin.engine.figures import Finding, Severity
from margin.engine.rational import Fraction


class State(StrEnum):
    CLEAR = "clear"
    WARNED = "warned"
    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    REMEDIATING = "remediating"
    WAIVED = "waived"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    AUTO_CLEARED = "auto_cleared"
    REVIEWED = "reviewed"

    @property
    def is_live(self) -> bool:
        """A breach that is not over yet."""
        return self in _LIVE


_LIVE = frozenset(
    {State.OPEN, State.ACKNOWLEDGED, State.REMEDIATING, State.WAIVED, State.ESCALATED},
)
_PAST = frozenset({State.RESOLVED, State.AUTO_CLEARED, State.REVIEWED})


class Cause(StrEnum):
    """Why the state is what it is; printed in alerts and asserted in tests."""

    WITHIN = "within"
    NEAR_LIMIT = "near_limit"
    BACK_WITHIN = "back_within"
    OVER_LIMIT = "over_limit"
    FIRST_SEEN_OVER = "first_seen_over"
    STILL_OVER = "still_over"
    REOPENED = "reopened"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    WAIVED = "waived"
    WAIVER_ENDED = "waiver_ended"
    CURED = "cured"
    UNKNOWN_FIGURE = "unknown_figure"


@dataclass(frozen=True, slots=True)
class Previous:
    """What stood before this finding. `escalations` counts the steps already taken up the ladder."""

    state: State
    since: datetime
    opened_at: datetime | None = None
    escalations: int = 0
    waived_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BreachPolicy:
    """Times and margins of the lifecycle; each is left a little lower than it is entered."""

    leave_warning_below: Fraction = Fraction(77, 100)
    cured_at: Fraction = Fraction(995, 1000)
    acknowledge_hard_within: timedelta = timedelta(minutes=2)
    acknowledge_soft_within: timedelta = timedelta(minutes=15)
    escalate_at_multiples: tuple[int, ...] = (1, 2, 4)
    reopen_within: timedelta = timedelta(hours=24)
    lift_restriction_at: Fraction = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Step:
    to_state: State
    reason: Cause
    escalations: int = 0


def decide(previous: Previous | None, finding: Finding, now: datetime, policy: BreachPolicy) -> Step:
    """The next state. An unknown figure changes nothing: a breach is neither opened nor cured on a guess."""
    before = previous or Previous(State.CLEAR, now)
    if finding.severity is Severity.UNKNOWN:
        return Step(before.state, Cause.UNKNOWN_FIGURE, before.escalations)
    if finding.severity in (Severity.BREACH, Severity.BLOCKED):
        return _over(before, finding, now, policy)
    return _within(before, finding, policy)


def may_lift_restriction(finding: Finding, policy: BreachPolicy) -> bool:
    """A restriction goes a little inside the limit, so that it does not flicker at it."""
    if finding.measured is None or finding.limit is None or finding.severity is Severity.UNKNOWN:
        return False
    return finding.measured <= policy.lift_restriction_at * finding.limit


def _over(before: Previous, finding: Finding, now: datetime, policy: BreachPolicy) -> Step:
    if before.state is State.WAIVED:
        if before.waived_until is not None and now >= before.waived_until:
            return Step(State.OPEN, Cause.WAIVER_ENDED)
        return Step(State.WAIVED, Cause.WAIVED)
    if before.state in _PAST and now - before.since < policy.reopen_within:
        return Step(State.OPEN, Cause.REOPENED)
    if before.state in (State.OPEN, State.ESCALATED):
        return _unacknowledged(before, finding, now, policy)
    if before.state.is_live:
        return Step(before.state, Cause.STILL_OVER, before.escalations)
    if not finding.hard and before.state is not State.PENDING:
        return Step(State.PENDING, Cause.FIRST_SEEN_OVER)
    return Step(State.OPEN, Cause.OVER_LIMIT)


def _unacknowledged(before: Previous, finding: Finding, now: datetime, policy: BreachPolicy) -> Step:
    """Nobody took it: one level up at once, twice and four times the time to acknowledge."""
    within = policy.acknowledge_hard_within if finding.hard else policy.acknowledge_soft_within
    open_for = now - (before.opened_at or before.since)
    due = sum(open_for >= within * multiple for multiple in policy.escalate_at_multiples)
    if due > before.escalations:
        return Step(State.ESCALATED, Cause.NOT_ACKNOWLEDGED, due)
    return Step(before.state, Cause.STILL_OVER, before.escalations)


def _within(before: Previous, finding: Finding, policy: BreachPolicy) -> Step:
    if before.state.is_live and not _is_cured(finding, policy):
        return Step(before.state, Cause.STILL_OVER, before.escalations)
    if before.state is State.OPEN:
        return Step(State.AUTO_CLEARED, Cause.CURED)
    if before.state.is_live:
        return Step(State.RESOLVED, Cause.CURED)
    if finding.severity is Severity.WARN:
        return Step(State.WARNED, Cause.NEAR_LIMIT)
    if before.state is State.WARNED and not _well_inside(finding, policy):
        return Step(State.WARNED, Cause.NEAR_LIMIT)
    if before.state in _PAST:
        return Step(before.state, Cause.WITHIN)
    was_clear = before.state is State.CLEAR
    return Step(State.CLEAR, Cause.WITHIN if was_clear else Cause.BACK_WITHIN)


def _is_cured(finding: Finding, policy: BreachPolicy) -> bool:
    """A little inside the limit, so that noise at it opens and cures nothing."""
    if finding.measured is None or finding.limit is None:
        return True
    return finding.measured <= policy.cured_at * finding.limit


def _well_inside(finding: Finding, policy: BreachPolicy) -> bool:
    if finding.measured is None or finding.limit is None:
        return False
    return finding.measured < policy.leave_warning_below * finding.limit
