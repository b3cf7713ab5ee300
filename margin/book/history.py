"""A desk's sums through time, from the partial sums that committed runs kept.

Takes a desk and a span; gives at most one point a bucket. Reads runs only, recomputes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import ExpressionWrapper, FloatField
from django.db.models.expressions import F
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Extract, Floor

from margin.models import Run

BUCKET_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DeskPoint:
    """The desk at one instant, over all shards that carry it."""

    at: datetime
    equity: Decimal
    house_maintenance: Decimal

    @property
    def utilisation(self) -> Decimal | None:
        return self.house_maintenance / self.equity if self.equity > 0 else None


def desk_history(desk: str, *, since: datetime, bucket_seconds: int = BUCKET_SECONDS) -> list[DeskPoint]:
    """Oldest first: the newest run of each shard and bucket, summed over the shards as last known."""
    points: list[DeskPoint] = []
    newest: dict[int, tuple[Decimal, Decimal]] = {}
    for _, group in groupby(_rows(desk, since, bucket_seconds), key=lambda row: row["bucket"]):
        rows = list(group)
        newest |= {row["shard"]: (Decimal(row["equity"]), Decimal(row["house"])) for row in rows}
        points.append(
            DeskPoint(
                at=max(row["at"] for row in rows),
                equity=sum((equity for equity, _ in newest.values()), Decimal(0)),
                house_maintenance=sum((house for _, house in newest.values()), Decimal(0)),
            )
        )
    return points


def _rows(desk: str, since: datetime, bucket_seconds: int) -> Iterator[dict[str, Any]]:
    own = KeyTransform(desk, "partials")
    bucket = Floor(ExpressionWrapper(Extract("at", "epoch") / bucket_seconds, output_field=FloatField()))
    rows = (
        Run.objects.filter(state=Run.State.COMMITTED, at__gte=since, partials__has_key=desk)
        .annotate(
            bucket=bucket,
            equity=KeyTextTransform("equity", own),
            house=KeyTextTransform("house_maintenance", own),
        )
        .order_by("bucket", "shard", F("at").desc())
        .distinct("bucket", "shard")
    )
    yield from map(dict, rows.values("bucket", "shard", "at", "equity", "house").iterator())
