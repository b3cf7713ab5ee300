"""Housekeeping: what has had its time is removed, a bounded piece at a time.

Takes the time; deletes old ticks and remembered answers, and thins old runs to one a minute. A run that an
alert or a breach names is kept as long as they are, and so is every run of the last hours.
"""

from datetime import datetime, timedelta

import structlog
from django.db import connection

from accounts.models import Replay

log = structlog.get_logger(__name__)

TICKS_KEPT = timedelta(days=1)
RUNS_KEPT_WHOLE = timedelta(hours=6)
RUNS_KEPT = timedelta(days=30)
PIECE = 20_000

OLD_TICKS = """
    DELETE FROM margin_tick WHERE id IN (
        SELECT id FROM margin_tick WHERE received_at < %s ORDER BY received_at LIMIT %s
    )
"""
OLD_RUNS = """
    DELETE FROM margin_run WHERE id IN (
        SELECT run.id FROM margin_run AS run
        WHERE run.started_at < %(whole)s AND run.state <> 'running'
          AND run.seq IS DISTINCT FROM (SELECT seq FROM margin_shardstate WHERE shard_id = run.shard_id)
          AND (run.started_at < %(kept)s OR EXISTS (
                SELECT 1 FROM margin_run AS other
                WHERE other.shard_id = run.shard_id AND other.started_at > run.started_at
                  AND other.started_at < date_trunc('minute', run.started_at) + interval '1 minute'))
          AND NOT EXISTS (SELECT 1 FROM margin_alert WHERE run_id = run.id)
          AND NOT EXISTS (SELECT 1 FROM margin_breach WHERE opened_by_id = run.id OR cured_by_id = run.id)
        ORDER BY run.started_at LIMIT %(piece)s
    )
"""


def keep_house(now: datetime) -> dict[str, int]:
    """One pass; what is left over is taken by the next."""
    removed = {
        "ticks": _delete(OLD_TICKS, [now - TICKS_KEPT, PIECE]),
        "answers": Replay.objects.filter(created_at__lt=now - Replay.KEPT).delete()[0],
        "runs": _delete(OLD_RUNS, {"whole": now - RUNS_KEPT_WHOLE, "kept": now - RUNS_KEPT, "piece": PIECE}),
    }
    log.info("step.housekeeping", **removed)
    return removed


def _delete(statement: str, values: list[object] | dict[str, object]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]
        return int(cursor.rowcount)
