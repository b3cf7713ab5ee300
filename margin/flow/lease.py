"""The lease on a shard: one worker at a time, by the database's clock.

Takes a shard; gives a lease with a fencing token, or the reason why not. Whoever lost the lease (paused,
partitioned, too slow) cannot commit any more: the last statement of a run asks for its token. A shard whose
runs died three times in a row is parked, and given once a minute for a trial: a run that commits unparks it.
"""

import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import connection

from riskdesk.clock import monotonic_seconds

LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.0
MOST_ATTEMPTS = 3
TRIAL_SECONDS = 60.0

TAKE = """
    WITH before AS (
        SELECT shard_id, wanted_at, parked_at IS NOT NULL AS parked FROM margin_shardstate
        WHERE shard_id = %(shard)s AND CASE
            WHEN parked_at IS NULL THEN attempts < %(most)s
            ELSE parked_at < clock_timestamp() - make_interval(secs => %(trial)s) END
          AND (lease_until IS NULL OR lease_until < clock_timestamp())
          AND (wanted_at IS NOT NULL OR NOT %(only_if_wanted)s)
          AND (%(mark)s::timestamptz IS NULL OR wanted_at = %(mark)s::timestamptz)
        FOR UPDATE
    )
    UPDATE margin_shardstate AS state
    SET lease_token = %(token)s, lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
        attempts = LEAST(attempts + 1, 30000), wanted_at = NULL,
        parked_at = CASE WHEN parked THEN clock_timestamp() END
    FROM before WHERE state.shard_id = before.shard_id
    RETURNING attempts, COALESCE(EXTRACT(epoch FROM clock_timestamp() - before.wanted_at), 0)::float8, parked
"""
WHY_NOT = """
    SELECT parked_at IS NOT NULL, attempts >= %s, COALESCE(lease_until >= clock_timestamp(), false)
    FROM margin_shardstate WHERE shard_id = %s
"""
RENEW = """
    UPDATE margin_shardstate SET lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE shard_id = %s AND lease_token = %s
"""
FINISH = """
    UPDATE margin_shardstate
    SET seq = seq + 1, lease_token = NULL, lease_until = NULL, attempts = 0,
        parked_at = NULL, parked_reason = ''
    WHERE shard_id = %s AND lease_token = %s RETURNING seq, wanted_at
"""
GIVE_BACK = """
    UPDATE margin_shardstate
    SET lease_token = NULL, lease_until = NULL, wanted_at = COALESCE(wanted_at, clock_timestamp()),
        attempts = attempts - CASE WHEN %s THEN 0 ELSE 1 END
    WHERE shard_id = %s AND lease_token = %s
"""


class NotTaken(StrEnum):
    """Why there is no lease."""

    BUSY = "busy"
    PARKED = "parked"
    EXHAUSTED = "exhausted"
    NOT_WANTED = "not_wanted"
    NO_SUCH_SHARD = "no_such_shard"


class LeaseLost(Exception):
    """Another worker has taken over: nothing of this run may be kept."""


@dataclass(slots=True)
class Lease:
    """A shard held by this worker. `waited_seconds`: how long the oldest asker had waited.

    `on_trial`: the shard is parked, and this one run may show that it works again.
    """

    shard: int
    token: uuid.UUID
    attempt: int
    waited_seconds: float
    on_trial: bool = False
    renewed_at: float = field(default_factory=monotonic_seconds)

    def keep_alive(self) -> None:
        """Renew when a second has gone by. Call it often while working, outside any transaction."""
        if monotonic_seconds() - self.renewed_at < RENEW_SECONDS:
            return
        with connection.cursor() as cursor:
            cursor.execute(RENEW, [LEASE_SECONDS, self.shard, self.token])
            if cursor.rowcount != 1:
                raise LeaseLost(f"shard {self.shard}")
        self.renewed_at = monotonic_seconds()


def take(shard: int, *, only_if_wanted: bool = False, mark: str | None = None) -> Lease | NotTaken:
    """The lease, if the shard is free. What waited is taken with it: later askers wait for the next run.

    With a mark: only if that wish still waits.
    """
    token = uuid.uuid4()
    values: dict[str, int | bool | float | str | uuid.UUID | None] = {
        "shard": shard,
        "most": MOST_ATTEMPTS,
        "trial": TRIAL_SECONDS,
        "only_if_wanted": only_if_wanted,
        "mark": mark,
        "token": token,
        "seconds": LEASE_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        row = cursor.fetchone()
    return Lease(shard, token, *row) if row else _why_not(shard)


def _why_not(shard: int) -> NotTaken:
    with connection.cursor() as cursor:
        cursor.execute(WHY_NOT, [MOST_ATTEMPTS, shard])
        row = cursor.fetchone()
    if row is None:
        return NotTaken.NO_SUCH_SHARD
    parked, exhausted, held = row
    if parked:
        return NotTaken.PARKED
    if held:
        return NotTaken.BUSY
    return NotTaken.EXHAUSTED if exhausted else NotTaken.NOT_WANTED


@dataclass(frozen=True, slots=True)
class Finished:
    """`wanted`: the mark of who asked again while the run was under way."""

    seq: int
    wanted: str | None


def finish(lease: Lease) -> Finished:
    """The last statement of the run's transaction: take the next number, free the shard, or be fenced off."""
    with connection.cursor() as cursor:
        cursor.execute(FINISH, [lease.shard, lease.token])
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost(f"shard {lease.shard}")
    seq, wanted_at = row
    return Finished(seq, wanted_at and wanted_at.isoformat())


def give_back(lease: Lease, *, counted: bool) -> None:
    """After a failed run: free the shard and leave it wanted. `counted` False: it was not the run's fault."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, [counted, lease.shard, lease.token])
