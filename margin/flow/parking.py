"""Parked shards: what keeps dying is left alone, a person is called, and once a minute it is tried again.

Takes a shard; parks it after three failed attempts in a row and raises the alerts, or lets it go on and
resolves them. When a parked shard may be tried stands in `margin.flow.lease`. Computes nothing itself.
"""

from datetime import datetime

import structlog
from django.db import connection, transaction

from accounts.models import Desk
from margin.flow import words
from margin.flow.alert import Severity, Told, raise_alerts
from margin.flow.lease import MOST_ATTEMPTS
from margin.flow.wanted import send_recompute
from margin.models import Alert, Run
from margin.notify.alerts import resolve
from riskdesk.clock import now as clock_now

log = structlog.get_logger(__name__)

PARK = """
    UPDATE margin_shardstate SET parked_at = clock_timestamp(), parked_reason = %s
    WHERE shard_id = %s AND parked_at IS NULL AND attempts >= %s
      AND (lease_until IS NULL OR lease_until < clock_timestamp()) RETURNING attempts
"""
UNPARK = """
    UPDATE margin_shardstate SET parked_at = NULL, parked_reason = '', attempts = 0,
        wanted_at = COALESCE(wanted_at, clock_timestamp())
    WHERE shard_id = %s AND parked_at IS NOT NULL
"""


def park(shard: int) -> bool:
    """Stop trying and call a person, once: whoever's update touched the row raises the alerts."""
    last = Run.objects.filter(shard=shard).order_by("-started_at").first()
    error = (last.error if last else "") or "its worker died"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(PARK, [error[:500], shard, MOST_ATTEMPTS])
            row = cursor.fetchone()
        if row is None:
            return False
        _raise(shard, row[0], error, last)
    log.error("shard.parked", shard=shard, attempts=row[0], error=error)
    return True


def _raise(shard: int, attempts: int, error: str, last: Run | None) -> None:
    said, now = words.shard_parked(shard, attempts, error), clock_now()
    desks = Desk.objects.filter(clients__shard=shard).distinct().order_by("id")
    raise_alerts(
        [
            Alert(
                desk=desk,
                reason=Alert.Reason.SHARD_PARKED,
                severity=Severity.CRITICAL,
                title=said.title,
                text=said.text,
                key=f"{Alert.Reason.SHARD_PARKED}:{desk.pk}:{shard}:{now.isoformat()}",
                run=last,
                raised_at=now,
            )
            for desk in desks
        ],
        now,
    )


def unpark(shard: int) -> bool:
    """A person has looked: the shard is worked again at once, and what was said of it is over."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(UNPARK, [shard])
            if cursor.rowcount != 1:
                return False
        is_over(shard, clock_now())
        transaction.on_commit(lambda: send_recompute(shard, "recovery"))
    return True


def is_over(shard: int, now: datetime) -> Told:
    """Inside the transaction that unparks it: the alerts are resolved."""
    said = Alert.objects.filter(reason=Alert.Reason.SHARD_PARKED, key__regex=rf"^[^:]+:[0-9]+:{shard}:")
    return Told(resolved=resolve(said, now))
