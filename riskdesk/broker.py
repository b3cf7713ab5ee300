"""A short look at Valkey beside Celery: how long are the queues?

Takes REDIS_URL; gives counts, or redis.RedisError if it does not answer. Never reads or moves a message.
"""

from functools import lru_cache

import redis
from django.conf import settings

from riskdesk.workers import QUEUES

UNDER_WAY = "unacked"
PATIENCE_SECONDS = 2
LAYER_FAULTS = (OSError, redis.RedisError, TimeoutError, RuntimeError)
"""What the channel layer raises when its server is not there, or not in time."""


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """One pool per process; its patience is short, because whoever asks is being waited for."""
    return redis.Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        health_check_interval=5,
    )


def queue_lengths() -> dict[str, int]:
    """Messages waiting by queue, and those taken but not yet finished under `unacked`."""
    with client().pipeline(transaction=False) as pipe:
        for queue in QUEUES:
            pipe.llen(queue)
        pipe.hlen(UNDER_WAY)
        counts = pipe.execute()
    return dict(zip((*QUEUES, UNDER_WAY), map(int, counts), strict=True))
