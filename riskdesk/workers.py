"""The kinds of worker, by the queue they are started with (`celery -A riskdesk worker -Q risk`).

Takes the queues on the command line; gives the limits Celery shall run with. However a worker is started,
by the launcher, compose or systemd, its queue decides what it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """None is no limit. Memory is the resident size of one child above which it is replaced."""

    queue: str
    processes: int
    tasks_per_child: int | None
    memory_per_child_kilobytes: int
    warms_up: bool


# A risk worker holds a warm book, so it is never replaced for its age, and only for a size no book needs.
# One process: numba's threads die in a forked child that shares them, and one owner works a shard anyway.
RISK = Kind("risk", processes=1, tasks_per_child=None, memory_per_child_kilobytes=2_000_000, warms_up=True)
GENERAL = Kind(
    "general", processes=1, tasks_per_child=5_000, memory_per_child_kilobytes=400_000, warms_up=False
)


QUEUES = (RISK.queue, GENERAL.queue)


def kind_of(queues: Iterable[str]) -> Kind:
    """A worker that serves the risk queue is a risk worker, whatever else it serves."""
    return RISK if RISK.queue in set(queues) else GENERAL
