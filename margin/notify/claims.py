"""Who is sending what: claims on deliveries, and what became of them, as rows.

Takes the token of a pass; gives claimed deliveries and writes down their ends. A claim holds while the
session that made it lives, and at most `LEASE_SECONDS` after its last sign of life. Never sends.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from margin.models import Delivery
from riskdesk import locks

LEASE_SECONDS = 120
"""Longer than any carrier may take for one delivery: SMTP waits ten seconds for each of some ten answers."""

# Turns are dealt by recipient: whoever has a thousand mails waiting holds up nobody with one.
CLAIM = """
WITH ranked AS (
    SELECT id, due_at, row_number() OVER (PARTITION BY recipient ORDER BY due_at, id) AS turn
    FROM margin_delivery
    WHERE channel <> ALL(%(without)s) AND due_at <= %(now)s
      AND (state = 'waiting' OR (state = 'sending' AND lease_until < clock_timestamp()))
), mine AS (
    SELECT delivery.id
    FROM margin_delivery AS delivery JOIN ranked USING (id)
    WHERE delivery.due_at <= %(now)s AND (delivery.state = 'waiting'
       OR (delivery.state = 'sending' AND delivery.lease_until < clock_timestamp()))
    ORDER BY ranked.turn, ranked.due_at, delivery.id
    LIMIT %(most)s
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE margin_delivery AS delivery
SET state = 'sending', lease_token = %(token)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM mine WHERE delivery.id = mine.id
RETURNING delivery.id
"""
BEGIN = """
UPDATE margin_delivery
SET attempts = attempts + 1, due_at = %s, lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND lease_token = %s
"""
# Rows are read before locks, and a pass takes its lock before it claims: a token seen here without a lock
# belongs to a pass that is over, and no later claim ever carries it.
ORPHANED = """
SELECT DISTINCT lease_token FROM margin_delivery
WHERE state = 'sending' AND lease_until >= clock_timestamp() AND hashtext(lease_token::text)::oid NOT IN (
    SELECT objid FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
LAPSE = """
UPDATE margin_delivery SET lease_until = clock_timestamp() - interval '1 second'
WHERE state = 'sending' AND lease_token = ANY(%s)
"""


@contextmanager
def holding() -> Iterator[uuid.UUID]:
    """A token for the claims of one pass, known to live as long as this database session does."""
    token = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [locks.DELIVERIES, str(token)])
    try:
        yield token
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [locks.DELIVERIES, str(token)])


def free_what_the_dead_held() -> int:
    """Let claims of sessions that are gone lapse at once. Nobody can record an end for those any more."""
    with connection.cursor() as cursor:
        cursor.execute(ORPHANED, [locks.DELIVERIES])
        if not (tokens := [row[0] for row in cursor.fetchall()]):
            return 0
        cursor.execute(LAPSE, [tokens])
        return int(cursor.rowcount)


def claim(token: uuid.UUID, now: datetime, most: int, *, without: Collection[str] = ()) -> Sequence[Delivery]:
    """Take what is due, each recipient in turn, and write down that it is being sent."""
    values: dict[str, datetime | int | uuid.UUID | list[str]] = {
        "now": now, "most": most, "token": token, "lease": LEASE_SECONDS, "without": list(without),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(pk__in=ids, lease_token=token).select_related("desk").order_by("pk"))


def begin(delivery: Delivery, *, again_at: datetime) -> bool:
    """Count the attempt before it is made, and say when the next may be: this worker may not live to say it.

    False: the claim lapsed, and another worker has it.
    """
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, [again_at, LEASE_SECONDS, delivery.pk, delivery.lease_token])
        mine = bool(cursor.rowcount)
    delivery.attempts += mine
    return mine


def record(delivery: Delivery, **fields: object) -> bool:
    """Write the end of a claim, unless it lapsed and another worker has it now.

    It was due when it was, unless it is put off: the pause that `begin` wrote down is for the dead.
    """
    mine = Delivery.objects.filter(pk=delivery.pk, lease_token=delivery.lease_token)
    over = {"lease_token": None, "lease_until": None, "due_at": delivery.due_at}
    return bool(mine.update(**{**over, **fields}))


def hand_back(delivery: Delivery, **fields: object) -> bool:
    """It was not tried: as if it had not been claimed."""
    return record(delivery, state=Delivery.State.WAITING, **fields)
