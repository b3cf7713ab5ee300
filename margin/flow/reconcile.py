"""The reconciler: what a lost message or a dead worker left undone is found in the rows and said again.

Takes the state of every shard, by the database's clock; sends what should have been sent long ago, and parks
a shard whose runs keep dying. Computes nothing itself.
"""

from dataclasses import dataclass

import structlog
from django.db import connection, transaction

from accounts.models import Desk
from margin.flow import words
from margin.flow.alert import Severity, raise_alerts
from margin.flow.lease import MOST_ATTEMPTS
from margin.flow.wanted import send_recompute
from margin.models import Alert, Run
from margin.notify.alerts import LIVE, resolve
from riskdesk.clock import now as clock_now
from riskdesk.errors import sure

log = structlog.get_logger(__name__)

WAITED_SECONDS = 2
SILENT_SECONDS = 10

LOOK = """
    SELECT state.shard_id,
        state.attempts >= %(most)s AS exhausted,
        state.wanted_at < clock_timestamp() - make_interval(secs => %(waited)s) AS waited,
        state.lease_until < clock_timestamp() AS died,
        COALESCE((
            SELECT run.committed_at < clock_timestamp() - make_interval(secs => %(silent)s)
            FROM margin_run AS run WHERE run.shard_id = state.shard_id AND run.seq = state.seq
        ), true) AS silent
    FROM margin_shardstate AS state
    WHERE state.parked_at IS NULL AND (state.lease_until IS NULL OR state.lease_until < clock_timestamp())
    ORDER BY state.shard_id
"""
ASK = """
    UPDATE margin_shardstate SET wanted_at = COALESCE(wanted_at, clock_timestamp())
    WHERE shard_id = %s RETURNING wanted_at
"""
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


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many shards were asked for again, and how many parked."""

    sent: int = 0
    parked: int = 0


def reconcile() -> Reconciled:
    """One look at every shard that nobody works on."""
    sent = parked = 0
    for shard, exhausted, waited, died, silent in _look():
        if exhausted:
            parked += park(shard)
        elif waited or died or silent:
            send_recompute(shard, "recovery", _want(shard))
            sent += 1
    if sent or parked:
        log.info("step.reconcile", sent=sent, parked=parked)
    return Reconciled(sent, parked)


def _look() -> list[tuple[int, bool, bool, bool, bool]]:
    with connection.cursor() as cursor:
        values = {"most": MOST_ATTEMPTS, "waited": WAITED_SECONDS, "silent": SILENT_SECONDS}
        cursor.execute(LOOK, values)
        return [(row[0], *map(bool, row[1:])) for row in cursor.fetchall()]


def _want(shard: int) -> str:
    """The mark that waits, set now if there is none: said again by its name, it is worked once."""
    with connection.cursor() as cursor:
        cursor.execute(ASK, [shard])
        row = cursor.fetchone()
    return str(sure(row, "every shard has its state")[0].isoformat())


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
    """A person has looked: the shard is worked again, and what was said of it is over."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(UNPARK, [shard])
            if cursor.rowcount != 1:
                return False
        said = Alert.objects.filter(
            reason=Alert.Reason.SHARD_PARKED, state__in=LIVE, desk__clients__shard=shard
        )
        resolve(Alert.objects.filter(pk__in=said.values("pk")), clock_now())
        transaction.on_commit(lambda: send_recompute(shard, "recovery"))
    return True
