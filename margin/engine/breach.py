"""The life of a limit breach: from a finding and what stood before, what stands now.

Takes the previous state, the newest finding, the time and the policy; gives the next state with a named
reason. Writes nothing and reads no clock. What people do (acknowledge) is written elsewhere and comes in here
as the previous state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from margin.engine.figures import Finding, Severity
from margin.engine.rational import Fraction


class State(StrEnum):
    CLEAR = "clear"
    WARNING = "warning"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CURED = "cured"

    @property
    def is_broken(self) -> bool:
        """The rule is not kept. A warning breaks nothing yet."""
        return self in (State.OPEN, State.ACKNOWLEDGED)


class Cause(StrEnum):
    """Why the state is what it is; kept in the breach and asserted in tests."""

    WITHIN = "within"
    NEAR_LIMIT = "near_limit"
    BACK_WITHIN = "back_within"
    OVER_LIMIT = "over_limit"
    STILL_OVER = "still_over"
    REOPENED = "reopened"
    CURED = "cured"
    UNKNOWN_FIGURE = "unknown_figure"


@dataclass(frozen=True, slots=True)
class Previous:
    """What stood before this finding, and since when."""

    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class BreachPolicy:
    """Times and margins of the lifecycle; each is left a little lower than it is entered."""

    leave_warning_below: Fraction = Fraction(77, 100)
    cured_at: Fraction = Fraction(995, 1000)
    reopen_within: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Step:
    to_state: State
    reason: Cause


def decide(previous: Previous | None, finding: Finding, now: datetime, policy: BreachPolicy) -> Step:
    """The next state. An unknown figure changes nothing: a breach is neither opened nor cured on a guess."""
    before = previous or Previous(State.CLEAR, now)
    if finding.severity is Severity.UNKNOWN:
        return Step(before.state, Cause.UNKNOWN_FIGURE)
    if finding.is_over:
        return _over(before, now, policy)
    return _within(before, finding, policy)


def _over(before: Previous, now: datetime, policy: BreachPolicy) -> Step:
    if before.state is State.CURED and now - before.since < policy.reopen_within:
        return Step(State.OPEN, Cause.REOPENED)
    if before.state.is_broken:
        return Step(before.state, Cause.STILL_OVER)
    return Step(State.OPEN, Cause.OVER_LIMIT)


def _within(before: Previous, finding: Finding, policy: BreachPolicy) -> Step:
    if before.state.is_broken:
        if _is_cured(finding, policy):
            return Step(State.CURED, Cause.CURED)
        return Step(before.state, Cause.STILL_OVER)
    if finding.severity is Severity.WARN:
        return Step(State.WARNING, Cause.NEAR_LIMIT)
    if before.state is State.WARNING and not _well_inside(finding, policy):
        return Step(State.WARNING, Cause.NEAR_LIMIT)
    if before.state is State.WARNING:
        return Step(State.CLEAR, Cause.BACK_WITHIN)
    return Step(before.state, Cause.WITHIN)


def _is_cured(finding: Finding, policy: BreachPolicy) -> bool:
    """A little inside the limit, so that noise at it opens and cures nothing."""
    if finding.measured is None or finding.limit is None:
        return True
    return finding.measured <= policy.cured_at * finding.limit


def _well_inside(finding: Finding, policy: BreachPolicy) -> bool:
    if finding.measured is None or finding.limit is None:
        return False
    return finding.measured < policy.leave_warning_below * finding.limit
