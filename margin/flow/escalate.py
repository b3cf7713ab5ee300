"""An alert that nobody takes goes up: to more people each time its deadline has passed once more.

Takes the time; gives how many went up. The deadline is set when an alert is raised, by its severity. Letters
are outbox rows of the transaction that says who was told, one a person, desk and stage however many alerts
are late. Whoever acknowledges, or a run that resolves, ends it. Sends nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction

from accounts.access import Action, people_with
from accounts.audit import deed, record_all
from accounts.models import AuditEvent, Desk, User
from margin.models import Alert, Delivery
from margin.notify.hints import send_alerts_changed
from margin.notify.letters import write_escalation
from riskdesk.errors import sure

ANSWER_WITHIN = {
    Alert.Severity.CRITICAL: timedelta(minutes=2),
    Alert.Severity.WARNING: timedelta(minutes=15),
}
"""Information waits for nobody."""


@dataclass(frozen=True, slots=True)
class Stage:
    """After `deadlines` times the deadline, everybody who may do `action` on the desk is told besides."""

    deadlines: int
    action: Action


STAGES = (Stage(1, Action.BE_ALERTED), Stage(2, Action.APPROVE), Stage(4, Action.SEE_DESK))
MOST_AT_ONCE = 500


def set_deadline(alert: Alert) -> None:
    """On a row that is about to be raised."""
    within = ANSWER_WITHIN.get(Alert.Severity(alert.severity))
    if within is not None:
        alert.answer_by = alert.escalates_at = alert.raised_at + within


def escalate(now: datetime) -> int:
    """Whatever is late goes up as far as its age says: after a pause once, not stage by stage."""
    with transaction.atomic():
        late = Alert.objects.filter(state=Alert.State.OPEN, escalates_at__lte=now).order_by("desk", "id")
        rows = late.select_related("desk", "client", "sub_account").select_for_update(
            of=("self",), skip_locked=True
        )[:MOST_AT_ONCE]
        alerts = list(rows)
        for alert in alerts:
            _go_up(alert, now)
        Alert.objects.bulk_update(alerts, ["escalations", "escalated_at", "escalates_at"])
        for desk, of_desk in groupby(alerts, key=lambda alert: alert.desk):
            _tell(desk, list(of_desk), now)
    return len(alerts)


def _go_up(alert: Alert, now: datetime) -> None:
    within = sure(alert.answer_by, "what goes up has a deadline") - alert.raised_at
    due = [alert.raised_at + stage.deadlines * within for stage in STAGES]
    alert.escalations = sum(at <= now for at in due)
    alert.escalated_at = now
    alert.escalates_at = next((at for at in due if at > now), None)


def _tell(desk: Desk, alerts: Sequence[Alert], now: datetime) -> None:
    """Each person reads of all that went up equally far in one letter."""
    by_people: dict[tuple[User, ...], list[Alert]] = {}
    reached = {stage: _people(desk, stage) for stage in {alert.escalations for alert in alerts}}
    for alert in alerts:
        by_people.setdefault(reached[alert.escalations], []).append(alert)
    record_all([_told(alert, desk, reached[alert.escalations]) for alert in alerts])
    for people, theirs in by_people.items():
        Delivery.objects.bulk_create(write_escalation(desk, theirs, people, now))
    transaction.on_commit(lambda: send_alerts_changed(desk.code))


def _told(alert: Alert, desk: Desk, people: Sequence[User]) -> AuditEvent:
    after = {
        "title": alert.title,
        "escalations": alert.escalations,
        "told": [person.get_username() for person in people],
    }
    return deed(
        actor="escalation", action="alert.escalated", subject=f"alert:{alert.pk}", desk=desk, after=after
    )


def _people(desk: Desk, stage: int) -> tuple[User, ...]:
    """Those of every stage so far."""
    found = {person.pk: person for one in STAGES[:stage] for person in people_with(one.action, desk)}
    return tuple(found[pk] for pk in sorted(found))
