"""Figures of the past, for doors that take `as_of`: the newest committed run then, computed again.

Takes an instant; gives frames like those of the present, or a refusal. Keeps the last few it made: a
committed run never changes. Decides nothing about who may see a row.
"""

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from uuid import UUID

from margin.book.frame import Frame
from margin.flow.replay import compute_again
from margin.flow.wanted import all_shards
from margin.models import Run
from riskdesk import clock
from riskdesk.errors import Refusal

MOST_KEPT = 8
_kept: "OrderedDict[tuple[UUID, int | None], Frame]" = OrderedDict()
_alone = Lock()


def runs_at(instant: datetime, *, shard: int | None = None) -> list[Run] | Refusal:
    """The newest committed run of each shard (or of one), of those that had one by then."""
    if instant > clock.now():
        return _refused("future", instant, "This is in the future.")
    shards = all_shards() if shard is None else [shard]
    found = [run for one in shards if (run := run_at(one, instant)) is not None]
    return found or _refused("before_first_run", instant, "The desk has no run as old as this.")


def run_at(shard: int, instant: datetime) -> Run | None:
    """The newest committed run of one shard at or before the instant."""
    rows = Run.objects.filter(shard=shard, state=Run.State.COMMITTED, at__lte=instant)
    return rows.order_by("-at", "-seq").first()


def frame_of(run: Run, *, client: int | None = None) -> Frame:
    """What the run showed, whole or of one client."""
    key = run.pk, client
    with _alone:  # one at a time: it is work of the processor, and two would make the same
        if key not in _kept:
            _kept[key] = compute_again(run, client=client)[1].frame(run.seq or 0)
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]


def _refused(rule: str, instant: datetime, message: str) -> Refusal:
    return Refusal("as_of", rule, instant.isoformat(), message)
