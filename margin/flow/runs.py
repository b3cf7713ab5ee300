"""The row of a run: what it rested on, what it came to, how long each step took.

Takes a lease; gives the work under way, and closes the row as committed or failed. A few kilobytes, enough to
compute the same figures again.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import msgspec
import structlog

from margin.book.version import engine_version
from margin.flow.compose_frame import Composed
from margin.flow.lease import Lease
from margin.flow.recompute import Computed
from margin.models import Run
from riskdesk.clock import monotonic_seconds
from riskdesk.clock import now as clock_now

log = structlog.get_logger(__name__)
_TOLD = "_told_with_its_run"


@dataclass(slots=True)
class Work:
    """A run under way, with its counts and its milliseconds by step."""

    run: Run
    counts: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def count(self, **counts: float) -> None:
        self.counts |= counts

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step and say its one line; the counts are those it added."""
        began = monotonic_seconds()
        yield
        self.timings[name] = round((monotonic_seconds() - began) * 1000, 2)
        own = {key: value for key, value in self.counts.items() if key not in self._told}
        self._told |= own.keys()
        log.info(f"step.{name}", milliseconds=self.timings[name], **own)


@contextmanager
def begun(lease: Lease, trigger: str) -> Iterator[Work]:
    """The run's row from its first statement on; a fault is written into it and goes on up."""
    run = _begin(lease, trigger)
    with ExitStack() as stack:
        stack.enter_context(structlog.contextvars.bound_contextvars(run_id=str(run.pk), shard=lease.shard))
        stack.push(partial(_note, run))
        work = Work(run)
        work.count(waited_ms=round(lease.waited_seconds * 1000, 1), attempt=lease.attempt)
        yield work


def _begin(lease: Lease, trigger: str) -> Run:
    """A run whose worker died is taken up again under its own id; its attempts are counted."""
    died = Run.objects.filter(shard=lease.shard, state=Run.State.RUNNING).order_by("-started_at").first()
    run = died or Run(shard_id=lease.shard, trigger=trigger[:20])
    run.attempt = lease.attempt
    run.started_at = clock_now()
    run.engine_version = engine_version()
    run.save()
    return run


def _note(run: Run, _kind: object, fault: BaseException | None, _trace: object) -> None:
    """What ended the run, seen on its way out. A process that is told to go has met no fault.

    Only a run that is still open is closed: a fenced-off worker must not close the run that took over.
    """
    if not isinstance(fault, Exception):
        return
    error = f"{type(fault).__name__}: {fault}"
    log.error("run.failed", error=error[:2000], exc_info=fault)
    setattr(fault, _TOLD, True)
    Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, attempt=run.attempt).update(
        state=Run.State.FAILED, error=error[:2000]
    )


def was_told(fault: BaseException) -> bool:
    """Whether its trace is in the log already, under its run: whoever ends it need not say it again."""
    return getattr(fault, _TOLD, False)


def commit(work: Work, computed: Computed, composed: Composed, *, seq: int, now: datetime) -> None:
    """Inside the run's transaction, after it was numbered."""
    reached = computed.book.reached
    Run.objects.filter(pk=work.run.pk).update(
        seq=seq,
        state=Run.State.COMMITTED,
        committed_at=clock_now(),
        at=now,
        house_revision=reached.house,
        shard_revision=reached.shard,
        read_at=reached.read_at,
        prices=msgspec.to_builtins(composed.prices),
        figures_digest=composed.digest,
        partials=composed.desks,
        counts=work.counts,
        timings=work.timings,
        error="",
    )
