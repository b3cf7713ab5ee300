"""A desk's sums through time, from the partial sums that committed runs kept.

Takes a desk and a span; gives at most one point a bucket, without figures where the sums left too many
accounts out. Reads runs only, recomputes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import ExpressionWrapper, FloatField, Q
from django.db.models.expressions import F
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Extract, Floor

from margin.models import Run

BUCKET_SECONDS = 5
MOST_LEFT_OUT = 20
"""One account in so many may be unknown before the sums of the others are no longer the desk's."""


def utilisation_of(equity: Decimal, house_maintenance: Decimal) -> Decimal | None:
    """Of sums; None where no equity is left to use."""
    return house_maintenance / equity if equity > 0 else None


@dataclass(frozen=True, slots=True)
class DeskPoint:
    """The desk at one instant, over all shards that carry it."""

    at: datetime
    equity: Decimal | None
    house_maintenance: Decimal | None

    @property
    def utilisation(self) -> Decimal | None:
        if self.equity is None or self.house_maintenance is None:
            return None
        return utilisation_of(self.equity, self.house_maintenance)


@dataclass(frozen=True, slots=True)
class _Part:
    """The sums of one shard's part of the desk, and how many accounts they leave out."""

    equity: Decimal
    house: Decimal
    accounts: int
    unknown: int


def speaks_for_all(accounts: int, unknown: int) -> bool:
    """Whether sums that leave the unknown out are still those of the whole desk.

    After a start nearly all is unknown until prices come: such sums would draw a fall that never was.
    """
    return unknown * MOST_LEFT_OUT <= accounts


def desk_history(
    desk: str, *, since: datetime, until: datetime | None = None, bucket_seconds: int = BUCKET_SECONDS
) -> list[DeskPoint]:
    """Oldest first: the newest run of each shard and bucket, summed over the shards as last known.

    A shard that has not spoken yet is missing from the sums as much as an account that is unknown; so is one
    that the desk gained within the span, before it did.
    """
    rows = list(_rows(desk, since, until, bucket_seconds))
    shards = len({row["shard"] for row in rows})
    points: list[DeskPoint] = []
    newest: dict[int, _Part] = {}
    for _, group in groupby(rows, key=lambda row: row["bucket"]):
        own = list(group)
        newest |= {row["shard"]: _part(row) for row in own}
        points.append(
            _point(max(row["at"] for row in own), list(newest.values()), whole=len(newest) == shards)
        )
    return points


def _part(row: dict[str, Any]) -> _Part:
    return _Part(Decimal(row["equity"]), Decimal(row["house"]), int(row["accounts"]), int(row["unknown"]))


def _point(at: datetime, parts: Sequence[_Part], *, whole: bool) -> DeskPoint:
    if not whole or not speaks_for_all(sum(p.accounts for p in parts), sum(p.unknown for p in parts)):
        return DeskPoint(at, None, None)
    return DeskPoint(
        at, sum((p.equity for p in parts), Decimal(0)), sum((p.house for p in parts), Decimal(0))
    )


def _rows(
    desk: str, since: datetime, until: datetime | None, bucket_seconds: int
) -> Iterator[dict[str, Any]]:
    own = KeyTransform(desk, "partials")
    bucket = Floor(ExpressionWrapper(Extract("at", "epoch") / bucket_seconds, output_field=FloatField()))
    span = Q(at__gte=since) if until is None else Q(at__gte=since, at__lt=until)
    rows = (
        Run.objects.filter(span, state=Run.State.COMMITTED, partials__has_key=desk)
        .annotate(
            bucket=bucket,
            equity=KeyTextTransform("equity", own),
            house=KeyTextTransform("house_maintenance", own),
            accounts=KeyTextTransform("accounts", own),
            unknown=KeyTextTransform("unknown", own),
        )
        .order_by("bucket", "shard", F("at").desc())
        .distinct("bucket", "shard")
    )
    named = ("bucket", "shard", "at", "equity", "house", "accounts", "unknown")
    yield from map(dict, rows.values(*named).iterator())
