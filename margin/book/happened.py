"""What happened on a desk between two instants: alerts, breaches, rules, money, and its sums at both ends.

Takes a desk and a span; gives rows for the handover and the daily report. Reads only; figures are numbers.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import Desk, Pocket, Proposal, Transfer
from margin.book.history import DeskPoint, desk_history
from margin.book.sums import Sums, sums_at, sums_since
from margin.models import Alert, Breach

MOST_ROWS = 40
MOST_READ = 2000
BUCKET_SECONDS = 300
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Again(Generic[Row]):
    """The last of several of a kind about the same subject: a figure at the edge of a line comes and goes."""

    last: Row
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Of one asset: what came in from outside, what went out, and how many transfers of any kind."""

    asset: str
    came: Decimal
    went: Decimal
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
    money: list[Flow]
    severities: dict[str, int] = field(default_factory=dict)


def happened(desk: Desk, *, since: datetime, until: datetime) -> Happened:
    within = {"gte": since, "lt": until}
    alerts = Alert.objects.filter(desk=desk, **_when("raised_at", within))
    breaches = Breach.objects.filter(desk=desk).select_related("client", "sub_account")
    opened = breaches.filter(**_when("opened_at", within))
    done = Proposal.objects.filter(Q(desk=desk) | Q(desk__isnull=True), state=Proposal.State.APPROVED)
    counts = Counter(alerts.order_by().values_list("severity", flat=True))
    points = desk_history(desk.code, since=since, until=until, bucket_seconds=BUCKET_SECONDS)
    return Happened(
        since,
        until,
        sums_since(desk, since, until),
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


def _money(desk: Desk, within: dict[str, datetime]) -> list[Flow]:
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
    return [Flow(asset, came[asset], went[asset], count[asset]) for asset in sorted(count)]
