"""Caps: what is used against what is allowed, as findings.

Takes what a subject uses and the caps that apply to it; gives one finding that names the tightest. A missing
cap means blocked, never unlimited; some notional on no equity breaches every cap. Where a price is in doubt,
only what holds over its whole guard band is concluded. Opens and closes nothing: that is decided in `breach`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from margin.engine.cap_range import Ends
from margin.engine.figures import Finding, Reason, Severity
from margin.engine.measures import Used
from margin.engine.rational import Fraction

WARNS_AT = Fraction(80, 100)
"""The share of a cap from which it warns, where it names none."""
EndsAt = Callable[[Fraction], Ends | None]
"""What is left of a cap of this size at the worst and the best that the guard bands allow."""


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit in force; `scope` is class, instrument, client, account, strategy, venue, desk or schedule."""

    name: str
    scope: str
    limit: Fraction
    warn_at: Fraction = WARNS_AT


def tightest(caps: Sequence[Cap]) -> Cap | None:
    """The one that binds; of equal ones the first given."""
    return min(caps, key=lambda cap: cap.limit, default=None)


def check(
    rule: str, subject: str, used: Used | None, caps: Sequence[Cap], in_doubt: EndsAt | None = None
) -> Finding:
    """What is used against the tightest cap. `used` None: a figure is unknown, and nothing is concluded."""
    cap = tightest(caps)
    if cap is None:
        severity, reason = Severity.BLOCKED, Reason.NO_LIMIT
    elif used is None:
        severity, reason = Severity.UNKNOWN, Reason.UNKNOWN_FIGURE
    else:
        severity, reason = _judge(used, cap) if in_doubt is None else _judge_in_doubt(cap, in_doubt)
    measured = used.ratio if used else None
    limit, name = (cap.limit, cap.name) if cap else (None, "")
    return Finding(rule, subject, measured, limit, severity, reason, name, used)


def _judge(used: Used, cap: Cap) -> tuple[Severity, Reason]:
    """Multiplied across: equity of zero needs no path of its own."""
    if used.amount == 0:
        return Severity.OK, Reason.WITHIN
    if used.per <= 0:
        return Severity.BREACH, Reason.NO_EQUITY
    if used.amount > cap.limit * used.per:
        return Severity.BREACH, Reason.OVER_LIMIT
    if used.amount >= cap.warn_at * cap.limit * used.per:
        return Severity.WARN, Reason.NEAR_LIMIT
    return Severity.OK, Reason.WITHIN


def _judge_in_doubt(cap: Cap, ends: EndsAt) -> tuple[Severity, Reason]:
    """What holds at every price the guard bands allow; anything else is unknown."""
    at_cap = ends(cap.limit)
    if at_cap is not None and at_cap.most < 0:
        return Severity.BREACH, Reason.OVER_LIMIT
    if at_cap is not None and at_cap.least >= 0:
        near = ends(cap.limit * cap.warn_at)
        if near is not None and near.most <= 0:
            return Severity.WARN, Reason.NEAR_LIMIT
        if near is not None and near.least > 0:
            return Severity.OK, Reason.WITHIN
    return Severity.UNKNOWN, Reason.UNKNOWN_FIGURE
