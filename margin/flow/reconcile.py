"""The reconciler: what a lost message or a dead worker left undone is found in the rows and said again.

Takes the state of every shard, by the database's clock; sends what should have been sent long ago, and parks
a shard whose runs keep dying; asks for the trials of one that is parked. Computes nothing itself.
"""

from dataclasses import dataclass

import structlog
from django.db import connection

from margin.flow.lease import MOST_ATTEMPTS, TRIAL_SECONDS
from margin.flow.parking import park
from margin.flow.wanted import send_recompute
from riskdesk.errors import sure

log = structlog.get_logger(__name__)

WAITED_SECONDS = 2
SILENT_SECONDS = 10

LOOK = """
    SELECT state.shard_id,
        state.attempts >= %(most)s AND state.parked_at IS NULL AS exhausted,
        state.wanted_at < clock_timestamp() - make_interval(secs => %(waited)s) AS waited,
        state.lease_until < clock_timestamp() AS died,
        COALESCE((
            SELECT run.committed_at < clock_timestamp() - make_interval(secs => %(silent)s)
            FROM margin_run AS run WHERE run.shard_id = state.shard_id AND run.seq = state.seq
        ), true) AS silent
    FROM margin_shardstate AS state
    WHERE (state.parked_at IS NULL OR state.parked_at < clock_timestamp() - make_interval(secs => %(trial)s))
      AND (state.lease_until IS NULL OR state.lease_until < clock_timestamp())
    ORDER BY state.shard_id
"""
ASK = """
    UPDATE margin_shardstate SET wanted_at = COALESCE(wanted_at, clock_timestamp())
    WHERE shard_id = %s RETURNING wanted_at
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
        values = {
            "most": MOST_ATTEMPTS,
            "trial": TRIAL_SECONDS,
            "waited": WAITED_SECONDS,
            "silent": SILENT_SECONDS,
        }
        cursor.execute(LOOK, values)
        return [(row[0], *map(bool, row[1:])) for row in cursor.fetchall()]


def _want(shard: int) -> str:
    """The mark that waits, set now if there is none: said again by its name, it is worked once."""
    with connection.cursor() as cursor:
        cursor.execute(ASK, [shard])
        row = cursor.fetchone()
    return str(sure(row, "every shard has its state")[0].isoformat())
