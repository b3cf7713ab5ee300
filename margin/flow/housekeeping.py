"""Housekeeping: what has had its time is removed, a bounded piece at a time.

Takes the time; deletes old ticks, answers, sessions, demo mails, what gates confirmed and files that nobody
confirmed, and thins old runs to one a minute. A run that another row names (an alert, a breach, a call) is
kept as long as that row, and so is every run of the last hours. What an auditor could ask for it never
touches: see `docs/operating/watching.md`.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import ManyToOneRel

from accounts.models import Replay
from margin.models import Run
from riskdesk import clock

log = structlog.get_logger(__name__)

TICKS_KEPT = timedelta(days=1)
RUNS_KEPT_WHOLE = timedelta(hours=6)
RUNS_KEPT = timedelta(days=30)
MAILS_KEPT = timedelta(days=7)
"""Of the built-in mail room, which only the demo has."""
CONFIRMATIONS_KEPT = timedelta(days=30)
"""Since a gate last renewed them: a living one renews its newest each second."""
UPLOADS_KEPT = timedelta(hours=1)
"""Of a file sent for import, whose difference somebody has on the screen and has not confirmed."""
PIECE = 5_000
PASS_SECONDS = 8.0

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
                WHERE other.shard_id = run.shard_id AND other.state = 'committed'
                  AND other.started_at > run.started_at
                  AND other.started_at < date_trunc('minute', run.started_at) + interval '1 minute'))
          {unnamed}
        ORDER BY run.started_at LIMIT %(piece)s
    )
"""


OLD_ANSWERS = """
    DELETE FROM accounts_replay WHERE id IN (
        SELECT id FROM accounts_replay WHERE created_at < %s LIMIT %s
    )
"""
OLD_SESSIONS = """
    DELETE FROM django_session WHERE session_key IN (
        SELECT session_key FROM django_session WHERE expire_date < %s LIMIT %s
    )
"""
OLD_MAILS = """
    DELETE FROM margin_mail WHERE id IN (
        SELECT id FROM margin_mail WHERE received_at < %s ORDER BY received_at LIMIT %s
    )
"""
OLD_CONFIRMATIONS = """
    DELETE FROM margin_gateconfirmation WHERE id IN (
        SELECT id FROM margin_gateconfirmation WHERE seen_at < %s AND revision IS DISTINCT FROM (
            SELECT max(revision) FROM margin_controlchange WHERE deed = 'drill') LIMIT %s
    )
"""


def keep_house(now: datetime) -> dict[str, int]:
    """One pass: piece by piece until nothing is left or the time is up. What is left is for the next pass."""
    until = clock.monotonic_seconds() + PASS_SECONDS
    runs: dict[str, int | datetime] = {
        "whole": now - RUNS_KEPT_WHOLE,
        "kept": now - RUNS_KEPT,
        "piece": PIECE,
    }
    removed = {
        "answers": _delete(OLD_ANSWERS, [now - Replay.KEPT, PIECE], until),
        "sessions": _delete(OLD_SESSIONS, [now, PIECE], until),
        "mails": _delete(OLD_MAILS, [now - MAILS_KEPT, PIECE], until),
        "confirmations": _delete(OLD_CONFIRMATIONS, [now - CONFIRMATIONS_KEPT, PIECE], until),
        "runs": _delete(OLD_RUNS.format(unnamed=_unnamed()), runs, until),
        "ticks": _delete(OLD_TICKS, [now - TICKS_KEPT, PIECE], until),  # the most, so last
        "uploads": _remove_uploads(now - UPLOADS_KEPT),
    }
    log.info("step.housekeeping", **removed)
    return removed


def _unnamed() -> str:
    """No row names the run. Asked of every key there is: one left out would refuse each delete for ever."""
    every = (key for key in Run._meta.get_fields(include_hidden=True) if isinstance(key, ManyToOneRel))
    named = ((key.field.model._meta.db_table, key.field.column) for key in every)
    return " ".join(
        f"AND NOT EXISTS (SELECT FROM {table} WHERE {column} = run.id)" for table, column in named
    )


def _delete(statement: str, values: list[int | datetime] | dict[str, int | datetime], until: float) -> int:
    """Each piece is a transaction of its own, so that no lock and no dead row is kept for long."""
    removed, piece = 0, PIECE
    while piece == PIECE and (removed == 0 or clock.monotonic_seconds() < until):
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            piece = int(cursor.rowcount)
        removed += piece
    return removed


def uploads_folder() -> Path:
    """Where a file waits to be confirmed: see `margin.admin.uploads`."""
    return Path(settings.ENV.data_dir) / "uploads"


def _remove_uploads(before: datetime) -> int:
    removed = 0
    for path in uploads_folder().glob("*"):
        with suppress(FileNotFoundError):  # confirmed at this moment
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
                removed += 1
    return removed
