"""Alerts about deliveries that did not arrive: when they are raised, and when they end.

Takes a delivery and its fate. One that is *parked* (nobody here carries its channel) is over when it was sent
or given up; one that is *dead* can mend nothing any more, so its alert is over when a person has seen it.
These alerts send nothing themselves.
"""

from datetime import datetime
from enum import StrEnum

from margin.models import Alert, Delivery
from margin.notify.alerts import resolve
from margin.notify.cleaning import one_line


class Fate(StrEnum):
    PARKED = "parked"
    DEAD = "dead"


def tell(delivery: Delivery, fate: Fate, error: str, now: datetime) -> bool:
    """Once for each delivery and fate; True when it was new."""
    channel = delivery.get_channel_display().lower()
    _, new = Alert.objects.get_or_create(
        key=_key(delivery, fate),
        defaults={
            "desk": delivery.desk,
            "reason": Alert.Reason.DELIVERY_FAILED,
            "severity": Alert.Severity.WARNING,
            "title": one_line(f"A {channel} to {delivery.recipient} could not be delivered"),
            "text": f"{one_line(delivery.subject)}\n{error}",
            "raised_at": now,
        },
    )
    return new


def no_longer_parked(delivery: Delivery, now: datetime) -> bool:
    """It met its end: True when an alert said otherwise until now."""
    return bool(resolve(Alert.objects.filter(key=_key(delivery, Fate.PARKED)), now))


def ends_when_seen(alert: Alert) -> bool:
    return alert.reason == Alert.Reason.DELIVERY_FAILED and alert.key.endswith(f":{Fate.DEAD}")


def _key(delivery: Delivery, fate: Fate) -> str:
    return f"delivery:{delivery.pk}:{fate}"
