"""The mail about alerts that nobody has taken in time.

Takes a desk, its late alerts and the time; gives the letter. Who gets it is said by `margin.flow.escalate`.
"""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from accounts.models import Desk
from margin import formats
from margin.models import Alert
from margin.notify.cleaning import one_line
from margin.notify.digest import age
from margin.notify.email import Letter, local_time, site_link, write
from margin.notify.figures import SEVERITIES

MOST_LINES = 20


def compose_escalation(desk: Desk, alerts: Sequence[Alert], now: datetime) -> Letter:
    """The worst first, and of those the oldest."""
    worst = sorted(alerts, key=lambda alert: (SEVERITIES.index(alert.severity), alert.raised_at, alert.pk))
    first = worst[0]
    waited = age(now - min(alert.raised_at for alert in alerts))
    what = (
        one_line(first.title) if len(alerts) == 1 else f"{len(alerts)} alerts, first {one_line(first.title)}"
    )
    return write(
        "escalation",
        one_line(f"Unanswered for {waited}, {desk.name}: {what}"),
        severity=first.severity,
        desk=desk,
        waited=waited,
        counted=formats.counted(len(alerts), "alert"),
        alerts=[_line(alert, desk) for alert in worst[:MOST_LINES]],
        more=max(0, len(worst) - MOST_LINES),
        link=site_link(f"{reverse('alerts')}?desk={desk.code}"),
    )


def _line(alert: Alert, desk: Desk) -> dict[str, str]:
    return {
        "severity": alert.get_severity_display(),
        "title": one_line(alert.title),
        "raised": local_time(alert.raised_at, desk.zone),
        "link": site_link(f"{reverse('alerts')}?alert={alert.pk}"),
    }
