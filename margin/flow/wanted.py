"""Ask for a cycle. Many who ask get one: at most one cycle waits per shard.

Takes the shards whose facts or prices a transaction changes; marks them as waiting and, once the change is
committed, sends the word to a risk worker. A word that is lost is sent again by `reconcile`.
"""

from collections.abc import Iterable, Sequence

import structlog
from django.db import connection, transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from accounts.models import HOUSE, Shard
from riskdesk.celery import app
from riskdesk.workers import RISK

log = structlog.get_logger(__name__)

RECOMPUTE = "margin.recompute"
MESSAGE_EXPIRES_SECONDS = 30
WANT = """
    UPDATE margin_shardstate SET wanted_at = clock_timestamp()
    WHERE shard_id = ANY(%s) AND wanted_at IS NULL RETURNING shard_id, wanted_at
"""


def want_cycle(shards: Iterable[int] | None, trigger: str) -> None:
    """Call it last in the writing transaction, which it keeps other askers of these shards waiting for.

    None means every shard. The mark is set again after the commit: a cycle that began before it did not see
    this change, but has taken the mark that an earlier writer left.
    """
    numbers = all_shards() if shards is None else sorted(set(shards))
    marked = _mark(numbers)

    def after_commit() -> None:
        for shard, mark in sorted({**marked, **_mark(numbers)}.items()):
            send_recompute(shard, trigger, mark)

    transaction.on_commit(after_commit)


def all_shards() -> list[int]:
    return list(Shard.objects.exclude(number=HOUSE).order_by("number").values_list("number", flat=True))


def _mark(shards: Sequence[int]) -> dict[int, str]:
    """The shards that nobody had asked for yet, each with its mark: the instant of the wish, as text."""
    with connection.cursor() as cursor:
        cursor.execute(WANT, [list(shards)])
        return {shard: at.isoformat() for shard, at in cursor.fetchall()}


def send_recompute(shard: int, trigger: str, mark: str | None = None) -> None:
    """One message to a risk worker. The broker may be away: then the reconciler says it again.

    It names the mark it is for. Once a cycle has taken that mark, every further message that names it is
    stale and dropped, so messages said twice never add up to a queue.
    """
    try:
        app.send_task(
            RECOMPUTE,
            args=[shard, trigger, mark],
            queue=RISK.queue,
            expires=MESSAGE_EXPIRES_SECONDS,
            retry=False,
        )
    except (KombuError, RedisError, OSError) as error:
        log.warning("cycle.not_sent", shard=shard, trigger=trigger, error=str(error))
