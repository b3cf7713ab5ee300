"""Figures of the past, for doors that take `as_of`: the newest committed run then, computed again.

Takes an instant; gives the run, frames like those of the present, or a refusal. Keeps the last few it made.
Decides nothing about who may see a row.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from margin.book.frame import Frame
from margin.flow.kept import Kept
from margin.flow.replay import compute_again
from margin.flow.wanted import all_shards
from margin.models import Run
from riskdesk import clock
from riskdesk.errors import Refusal

KEPT: Kept[tuple[UUID, int | None], Frame] = Kept(8)


def runs_at(instant: datetime, *, shard: int | None = None) -> list[Run] | Refusal:
    """The newest committed run of each shard (or of one), of those that had one by then."""
    if instant > clock.now():
        return _refused("future", instant, "This is in the future.")
    shards = all_shards() if shard is None else [shard]
    found = [run for one in shards if (run := run_at(one, instant)) is not None]
    return found or _refused("before_first_run", instant, "The desk has no run as old as this.")


def run_at(shard: int, instant: datetime) -> Run | None:
    """The newest committed run of one shard whose figures are for this instant or an earlier one."""
    return committed(shard).filter(at__lte=instant).order_by("-at", "-seq").first()


def committed(shard: int) -> "QuerySet[Run]":
    """Those that can be computed again: they say what they rested on."""
    return Run.objects.filter(shard=shard, state=Run.State.COMMITTED, shard_revision__isnull=False)


def frame_of(run: Run, *, client: int | None = None) -> Frame:
    """What the run showed, whole or of one client."""
    return KEPT.get((run.pk, client), lambda: compute_again(run, client=client)[1].frame(run.seq or 0))


def _refused(rule: str, instant: datetime, message: str) -> Refusal:
    return Refusal("as_of", rule, instant.isoformat(), message)
