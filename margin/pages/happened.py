"""What happened on a desk between two instants: alerts, breaches, rules, money, and its sums at both ends.

Takes a desk and a span; gives rows for the handover and the daily report. Reads only.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import Desk, Pocket, Proposal, Transfer
from margin import formats
from margin.book.history import DeskPoint, desk_history
from margin.models import Alert, Breach, Run

MOST_ROWS = 40
MOST_READ = 2000
MOST_FIRST = 120
"""So many runs are looked through for one that knew every account: some minutes."""
BUCKET_SECONDS = 300
Row = TypeVar("Row", bound=Model)
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
        equity = self.figures["equity"]
        return self.figures["house_maintenance"] / equity if equity > 0 else None


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure at both ends, as text; `change` carries its sign."""

    name: str
    before: str
    after: str
    change: str
    worse: bool | None


@dataclass(frozen=True, slots=True)
class Again(Generic[Row]):
    """The last of several of a kind about the same subject: a figure at the edge of a line comes and goes."""

    last: Row
    count: int


@dataclass(frozen=True, slots=True)
class Happened:
    since: datetime
    until: datetime
    first: Sums | None
    last: Sums | None
    points: list[DeskPoint]
    raised: list[Again[Alert]]
    settled: int
    opened: list[Again[Breach]]
    opened_count: int
    cured_count: int
    decided: list[Proposal]
    money: list[tuple[str, str, str, int]]
    severities: dict[str, int] = field(default_factory=dict)


def happened(desk: Desk, *, since: datetime, until: datetime) -> Happened:
    within = {"gte": since, "lt": until}
    alerts = Alert.objects.filter(desk=desk, **_when("raised_at", within))
    breaches = Breach.objects.filter(desk=desk).select_related("client", "sub_account")
    opened = breaches.filter(**_when("opened_at", within))
    done = Proposal.objects.filter(Q(desk=desk) | Q(desk__isnull=True), state=Proposal.State.APPROVED)
    counts = Counter(alerts.order_by().values_list("severity", flat=True))
    points = [
        point
        for point in desk_history(desk.code, since=since, bucket_seconds=BUCKET_SECONDS)
        if point.at < until
    ]
    return Happened(
        since,
        until,
        _then(desk, since, until),
        sums_at(desk, until),
        points,
        _again(
            alerts.select_related("client", "sub_account", "acknowledged_by").order_by("-id"),
            lambda row: (row.reason, row.sub_account_id, row.client_id, row.severity),
        ),
        Alert.objects.filter(desk=desk, **_when("resolved_at", within)).count(),
        _again(opened.order_by("-opened_at"), lambda row: (row.rule, row.subject)),
        opened.count(),
        breaches.filter(**_when("cured_at", within)).count(),
        list(
            done.filter(**_when("decided_at", within)).select_related("proposed_by", "approved_by")[
                :MOST_ROWS
            ]
        ),
        _money(desk, within),
        {str(severity.label): counts[severity] for severity in reversed(Alert.Severity)},
    )


def _again(rows: "QuerySet[Row]", kind: Callable[[Row], tuple[object, ...]]) -> list[Again[Row]]:
    """One entry a kind, the newest first; `rows` are newest first."""
    found: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows[:MOST_READ]:
        found[kind(row)].append(row)
    return [Again(own[0], len(own)) for own in found.values()][:MOST_ROWS]


def _when(column: str, within: dict[str, datetime]) -> dict[str, datetime]:
    return {f"{column}__{word}": instant for word, instant in within.items()}


def sums_at(desk: Desk, instant: datetime) -> Sums | None:
    """The newest committed run of every shard by then."""
    rows = _runs(desk).filter(at__lte=instant).order_by("shard", "-at", "-seq").distinct("shard")
    return _sums(desk, list(rows))


def _then(desk: Desk, since: datetime, until: datetime) -> Sums | None:
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


def moved(first: Sums | None, last: Sums | None) -> list[Moved]:
    """The key figures side by side. Less equity and more requirement is worse."""
    if last is None:
        return []
    rows = [
        _moved("Equity", first, last, "equity", up_is_worse=False),
        _moved("House requirement", first, last, "house_maintenance", up_is_worse=True),
        _moved("Gross exposure", first, last, "gross", up_is_worse=None),
        _moved("Net exposure", first, last, "net", up_is_worse=None),
    ]
    before = None if first is None else first.utilisation
    now = last.utilisation
    change = None if before is None or now is None else now - before
    rows.insert(
        2,
        Moved(
            "Utilisation",
            formats.percent(before),
            formats.percent(now),
            formats.points(before, now),
            None if not change else change > 0,
        ),
    )
    return rows


def _moved(name: str, first: Sums | None, last: Sums, figure: str, *, up_is_worse: bool | None) -> Moved:
    now = last.figures[figure]
    before = None if first is None else first.figures[figure]
    change = None if before is None else now - before
    sign = "+" if change is not None and change > 0 else ""
    worse = None if up_is_worse is None or not change else (change > 0) is up_is_worse
    told = formats.NONE if change is None else f"{sign}{formats.whole_down(change)}"
    return Moved(name, formats.whole_down(before), formats.whole_down(now), told, worse)


def _money(desk: Desk, within: dict[str, datetime]) -> list[tuple[str, str, str, int]]:
    """By asset: what came in from outside, what went out, and how many transfers."""
    came: dict[str, Decimal] = defaultdict(Decimal)
    went: dict[str, Decimal] = defaultdict(Decimal)
    count: Counter[str] = Counter()
    rows = Transfer.objects.filter(desk=desk, **_when("recorded_at", within)).values_list(
        "asset__code", "amount", "debit__kind", "credit__kind"
    )
    for asset, amount, gives, takes in rows:
        count[asset] += 1
        if gives == Pocket.Kind.EXTERNAL and takes == Pocket.Kind.CLIENT:
            came[asset] += amount
        if gives == Pocket.Kind.CLIENT and takes == Pocket.Kind.EXTERNAL:
            went[asset] += amount
    return [(asset, _told(came[asset]), _told(went[asset]), count[asset]) for asset in sorted(count)]


def _told(amount: Decimal) -> str:
    return formats.money(formats.plain(f"{amount:f}"))
