"""Doors for Celery: each task calls one step and holds no thought of its own.

A task may come twice, late or never: the rows say what is left to do, and a task that finds nothing does
nothing. No task is given a time to run at, and none waits for another. A fault ends here; one of a run has
been logged where its id was known, and its trace is not repeated.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from accounts import seals
from margin.flow import confirmed, cycle, escalate, heartbeat, housekeeping, local_jobs, reconcile, runs
from margin.models.runs import OUTBOX
from margin.notify import outbox
from riskdesk.celery import app
from riskdesk.clock import now
from riskdesk.workers import RISK

log = structlog.get_logger(__name__)


def task(name: str) -> Callable[[Callable[..., None]], Any]:
    """Celery's own decorator, with types: it has none."""
    made: Callable[[Callable[..., None]], Any] = app.task(name=name)
    return made


def door(step: Callable[..., object]) -> Callable[..., None]:
    """A fault ends here, logged; the message is done with, because rows bring the work back."""

    @wraps(step)
    def opened(*args: Any, **kwargs: Any) -> None:
        try:
            step(*args, **kwargs)
        except SoftTimeLimitExceeded:
            log.error("task.too_slow", task=step.__name__, args=args)
        except Exception as fault:
            trace = None if runs.was_told(fault) else fault
            log.error("task.failed", task=step.__name__, args=args, exc_info=trace)

    return opened


@task("margin.recompute")
@door
def recompute(shard: int, trigger: str = "schedule", mark: str | None = None) -> None:
    """The clock always gets a run; whoever else asks gets one if their mark has not been served meanwhile."""
    cycle.run_cycle(shard=shard, trigger=trigger, only_if_wanted=trigger != "schedule", mark=mark)
    heartbeat.beat(RISK.queue)  # a full queue lets the clock's own beat expire; finished work proves as much


@task("margin.reconcile")
@door
def find_undone() -> None:
    """A fault of the first keeps nobody from asking the second."""
    door(reconcile.reconcile)()
    confirmed.watch_confirmations()


@task("margin.heartbeat")
@door
def beat(queue: str) -> None:
    heartbeat.beat(queue)


@task("margin.dispatch")
@door
def dispatch() -> None:
    outbox.send_due(now())
    heartbeat.beat(OUTBOX)


@task("margin.escalate")
@door
def escalate_unanswered() -> None:
    escalate.escalate(now())


@task("margin.housekeeping")
@door
def keep_house() -> None:
    housekeeping.keep_house(now())


@task("margin.local_jobs")
@door
def do_local_jobs() -> None:
    """Each through a door of its own: one that fails leaves its date open, and the others are done."""
    at = now()
    for row, slot in local_jobs.due(at):
        door(local_jobs.do)(row, slot, at)


@task("margin.seal_audit")
@door
def seal_audit() -> None:
    seals.seal_committed()
