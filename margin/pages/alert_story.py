"""What happened since an alert was raised: mails, who took it, whether it came again, whether it is over.

Takes alerts; gives for each its events in the order of time, all alerts' in three questions. Words are the
page's, facts are rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from margin import formats
from margin.models import Alert, Breach, Delivery

WENT_UP = (
    "Nobody had taken it: told again",
    "Still nobody: limits admins told too",
    "Still nobody: everybody who sees the desk told",
)
"""By how often it went up; the earlier ones are in the audit trail."""


@dataclass(frozen=True, slots=True)
class Event:
    """`said` is a person's own text; `alert` leads to another alert."""

    at: datetime
    words: str
    said: str = ""
    alert: int | None = None


def stories(alerts: Sequence[Alert]) -> dict[int, list[Event]]:
    """By the alert's id, oldest first."""
    mails, again = _mails(alerts), _again(alerts)
    return {alert.pk: _story(alert, mails[alert.pk], again[alert.breach_id or 0]) for alert in alerts}


def _story(alert: Alert, mails: list[Delivery], again: list[Alert]) -> list[Event]:
    found = [Event(alert.raised_at, f"Raised: {alert.get_reason_display().lower()}")]
    found += _carried(mails)
    found += [
        Event(other.raised_at, f"Said again: {other.title}", alert=other.pk)
        for other in again
        if other.pk > alert.pk
    ]
    if alert.escalated_at:
        found.append(Event(alert.escalated_at, WENT_UP[alert.escalations - 1]))
    if alert.acknowledged_at:
        who = alert.acknowledged_by.get_username() if alert.acknowledged_by else "a person who left"
        found.append(Event(alert.acknowledged_at, f"Acknowledged by {who}", said=alert.note))
    if alert.breach is not None:
        found += _kept_again(alert.breach)
    if alert.resolved_at:
        found.append(Event(alert.resolved_at, "Resolved"))
    return sorted(found, key=lambda event: event.at)


def _carried(mails: list[Delivery]) -> list[Event]:
    sent = [mail.sent_at for mail in mails if mail.sent_at]
    dead = [mail for mail in mails if mail.state == Delivery.State.DEAD]
    waiting = [mail for mail in mails if mail.state in (Delivery.State.WAITING, Delivery.State.SENDING)]
    found = []
    if sent:
        people = "1 person" if len(sent) == 1 else f"{len(sent)} people"
        found.append(Event(min(sent), f"Mail sent to {people}"))
    if dead:
        found.append(Event(dead[0].due_at, f"{formats.counted(len(dead), 'mail')} given up"))
    if waiting:
        found.append(Event(waiting[0].created_at, f"{formats.counted(len(waiting), 'mail')} on the way"))
    return found


def _kept_again(breach: Breach) -> list[Event]:
    return [Event(breach.cured_at, "The rule is kept again")] if breach.cured_at else []


def _mails(alerts: Sequence[Alert]) -> dict[int, list[Delivery]]:
    found: dict[int, list[Delivery]] = defaultdict(list)
    rows = Delivery.objects.filter(alert__in=[alert.pk for alert in alerts]).defer("text", "html")
    for mail in rows.order_by("id"):
        found[mail.alert_id or 0].append(mail)
    return found


def _again(alerts: Sequence[Alert]) -> dict[int, list[Alert]]:
    """Later alerts of the same breach."""
    found: dict[int, list[Alert]] = defaultdict(list)
    breaches = {alert.breach_id for alert in alerts if alert.breach_id}
    for other in Alert.objects.filter(breach__in=breaches).defer("text").order_by("id"):
        found[other.breach_id or 0].append(other)
    return found
