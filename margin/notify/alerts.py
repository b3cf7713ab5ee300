"""Alerts as people see them on page, socket and API.

Takes alert rows; gives `AlertView`, and ends those whose cause is over. Whoever calls has asked
`accounts.access` already.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from margin.models import Alert
from margin.notify.events import AlertView

MOST_LIVE = 200
LIVE = (Alert.State.OPEN, Alert.State.ACKNOWLEDGED)
RELATED = ("client", "sub_account", "acknowledged_by")


def view_of(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.pk,
        severity=alert.severity,
        title=alert.title,
        text=alert.text,
        reason=alert.reason,
        raised_at=alert.raised_at.isoformat(),
        state=alert.state,
        client=alert.client.code if alert.client else None,
        account=alert.sub_account.code if alert.sub_account else None,
        run=str(alert.run_id) if alert.run_id else None,
        acknowledged_by=alert.acknowledged_by.get_username() if alert.acknowledged_by else None,
        acknowledged_at=_iso(alert.acknowledged_at),
        note=alert.note,
        answer_by=_iso(alert.answer_by),
        escalations=alert.escalations,
        escalated_at=_iso(alert.escalated_at),
    )


def live_alerts(desk: str) -> list[AlertView]:
    """The newest alerts of a desk that are not resolved, newest first."""
    return [view_of(alert) for alert in _live(desk).select_related(*RELATED)[:MOST_LIVE]]


def alerts_by_id(ids: Iterable[int]) -> list[AlertView]:
    return [view_of(alert) for alert in Alert.objects.filter(pk__in=list(ids)).select_related(*RELATED)]


def open_counts(desk: str) -> dict[str, int]:
    """How many wait for a person, by severity."""
    states = Alert.objects.filter(desk__code=desk, state=Alert.State.OPEN).order_by()
    return dict(Counter(states.values_list("severity", flat=True)))


def resolve(alerts: QuerySet[Alert], now: datetime) -> int:
    """What was said is no longer so."""
    return alerts.filter(state__in=LIVE).update(state=Alert.State.RESOLVED, resolved_at=now)


def _live(desk: str) -> QuerySet[Alert]:
    return Alert.objects.filter(desk__code=desk).exclude(state=Alert.State.RESOLVED).order_by("-id")


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
