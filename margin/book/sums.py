"""A desk's sums at one instant, from the partial sums that committed runs kept.

Takes a desk and instants; gives sums over all its shards with the runs they rest on. Recomputes nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import Desk
from margin.book.history import utilisation_of
from margin.models import Run

MOST_FIRST = 120
"""So many runs are looked through for one that knew every account: some minutes."""
SUMMED = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")


@dataclass(frozen=True, slots=True)
class Sums:
    """A desk over all its shards at one instant; `parts` are the runs it rests on."""

    at: datetime
    parts: list[Run]
    figures: dict[str, Decimal]
    levels: Counter[str]
    accounts: int
    unknown: int

    @property
    def known(self) -> int:
        return self.accounts - self.unknown

    @property
    def utilisation(self) -> Decimal | None:
        return utilisation_of(self.figures["equity"], self.figures["house_maintenance"])


def sums_at(desk: Desk, instant: datetime) -> Sums | None:
    """The newest committed run of every shard by then."""
    rows = _runs(desk).filter(at__lte=instant).order_by("shard", "-at", "-seq").distinct("shard")
    return _sums(desk, list(rows))


def sums_since(desk: Desk, since: datetime, until: datetime) -> Sums | None:
    """As it began; where accounts were unknown then, the first after it that knew all, or the most of them.

    A desk's very first runs know nothing: prices have not come yet. To compare with them would say that
    all there is came since.
    """
    began = sums_at(desk, since)
    if began is not None and began.accounts and not began.unknown:
        return began
    within = _runs(desk).filter(at__gte=since, at__lt=until)
    shards = within.order_by("shard").values_list("shard", flat=True).distinct()
    chosen = [_first_that_knew(desk, within.filter(shard=shard)) for shard in shards]
    found = _sums(desk, chosen)
    return found if found is not None and (began is None or found.known > began.known) else began


def _first_that_knew(desk: Desk, runs: Any) -> Run:
    first: list[Run] = list(runs.order_by("at", "seq")[:MOST_FIRST])
    parts = [run.partials[desk.code] for run in first]
    known = [part["accounts"] - part["unknown"] for part in parts]
    every = [run for run, part in zip(first, parts, strict=True) if part["accounts"] and not part["unknown"]]
    return every[0] if every else first[known.index(max(known))]


def _runs(desk: Desk) -> Any:
    return Run.objects.filter(state=Run.State.COMMITTED, partials__has_key=desk.code).defer("prices")


def _sums(desk: Desk, runs: list[Run]) -> Sums | None:
    if not runs:
        return None
    parts = [run.partials[desk.code] for run in runs]
    levels: Counter[str] = Counter()
    for part in parts:
        levels.update(part["levels"])
    return Sums(
        min(run.at for run in runs if run.at),
        runs,
        {name: sum((Decimal(part[name]) for part in parts), Decimal(0)) for name in SUMMED},
        levels,
        sum(part["accounts"] for part in parts),
        sum(part["unknown"] for part in parts),
    )
