"""How the desk itself is: ages of prices, figures and heartbeats, by the database's clock.

Takes the rows; gives one `Vitals`. Changes nothing. The ages above which something is wrong stand here, for
/readyz and the page /engine/ alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, F, Max, Min, Q, QuerySet, Sum, When

from accounts.models import Desk
from margin.engine.calendar import is_open, read_calendar
from margin.models import Calendar, Delivery, Heartbeat, PriceRefusal, Run, ShardState, Source
from margin.models.runs import OUTBOX
from riskdesk import clock, schedule

FEED_SECONDS, RECOMPUTE_SECONDS, HEARTBEAT_SECONDS, LETTER_SECONDS = 30.0, 20.0, 20.0, 300.0
REFUSALS_COUNT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShardVitals:
    """A shard's newest committed run. `age_seconds` is None before the first."""

    number: int
    seq: int
    age_seconds: float | None
    parked_because: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """`feed_age_seconds` is that of the newest price of anything that trades now; None: no price yet.

    `outbox_age_seconds` is that of the newest pass of the outbox that came to its end; None: none did yet.
    `letter_age_seconds` is that of the letter which has waited longest to be tried; None: none waits.
    `stopped_jobs` are those of the clock without which figures or mails stand still.
    `trading` says whether any active instrument is in its session: outside, an old price is no fault.
    """

    at: datetime
    clock_skew_seconds: float
    trading: bool
    feed_age_seconds: float | None
    source_age_seconds: Mapping[str, float | None]
    shards: tuple[ShardVitals, ...]
    heartbeat_age_seconds: Mapping[str, float]
    outbox_age_seconds: float | None = None
    letter_age_seconds: float | None = None
    stopped_jobs: tuple[str, ...] = ()

    @property
    def recompute_age_seconds(self) -> float | None:
        """Of the shard that is furthest behind; None while one has no figures yet."""
        ages = [shard.age_seconds for shard in self.shards]
        known = [age for age in ages if age is not None]
        return max(known) if known and len(known) == len(ages) else None


def take_vitals() -> Vitals:
    """One look, a handful of short queries."""
    at, skew = database_time()
    trading, newest = _newest_price(at)
    return Vitals(
        at=at,
        clock_skew_seconds=skew,
        trading=trading,
        feed_age_seconds=_age(newest, at),
        source_age_seconds=_sources(at),
        shards=tuple(_shard(state, at) for state in ShardState.objects.order_by("shard_id")),
        heartbeat_age_seconds={beat.name: _seconds(at, beat.beaten_at) for beat in _beats()},
        outbox_age_seconds=_age(_outbox_beat(), at),
        letter_age_seconds=_age(_oldest_letter(at), at),
        stopped_jobs=tuple(schedule.stopped()),
    )


def desk_vitals(desk: Desk) -> dict[str, Any]:
    """What the status strip of a desk tells, as instants, so that the page lets ages grow by itself."""
    now = clock.now()
    shards = ShardState.objects.filter(shard__clients__desk=desk).distinct()
    waiting = [state.wanted_at for state in shards if state.wanted_at]
    refused = PriceRefusal.objects.filter(last_at__gte=now - REFUSALS_COUNT_FOR).aggregate(count=Sum("count"))
    return {
        "now": now.isoformat(),
        "heartbeats": {beat.name: beat.beaten_at.isoformat() for beat in _beats()},
        "waiting_since": min(waiting).isoformat() if waiting else None,
        "parked": [why for state in shards if (why := _parked_because(state))],
        "refused": refused["count"] or 0,
    }


def database_time() -> tuple[datetime, float]:
    """The database's clock, and how far ours is ahead of it; half the way of the question is ours."""
    before, started = clock.now(), clock.monotonic_seconds()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    way = (clock.monotonic_seconds() - started) / 2
    return at, (before - at).total_seconds() + way


def _oldest_letter(at: datetime) -> datetime | None:
    """Since when the longest waiting letter could have been tried.

    An untried one waits since it was written: a mail server that is away moves only the time of the next try.
    """
    unsent = Delivery.objects.filter(state__in=[Delivery.State.WAITING, Delivery.State.SENDING])
    could = unsent.filter(Q(attempts=0) | Q(due_at__lte=at))
    since = Min(Case(When(attempts=0, then=F("created_at")), default=F("due_at")))
    oldest: datetime | None = could.aggregate(since=since)["since"]
    return oldest


def _newest_price(at: datetime) -> tuple[bool, datetime | None]:
    active = Q(instruments__active=True)
    rows = Calendar.objects.filter(active).annotate(
        newest=Max("instruments__quotes__received_at", filter=active)
    )
    trading = [row.newest for row in rows if _trades(row, at)]
    known = [newest for newest in trading if newest is not None]
    return bool(trading), max(known, default=None)


def _trades(row: Calendar, at: datetime) -> bool:
    try:
        calendar = read_calendar(zone=row.zone, sessions=row.sessions, holidays=row.holidays)
    except ValueError:
        return True  # a calendar nobody can read excuses no silence
    return is_open(calendar, at)


def _sources(at: datetime) -> dict[str, float | None]:
    rows = Source.objects.annotate(newest=Max("quotes__received_at")).values_list("code", "newest")
    return {code: _age(newest, at) for code, newest in rows.order_by("code")}


def _shard(state: ShardState, at: datetime) -> ShardVitals:
    newest = (
        Run.objects.filter(shard=state.shard_id, state=Run.State.COMMITTED)
        .order_by("-started_at")
        .values_list("committed_at", flat=True)
        .first()
    )
    return ShardVitals(state.shard_id, state.seq, _age(newest, at), _parked_because(state))


def _parked_because(state: ShardState) -> str:
    return (state.parked_reason or "parked") if state.parked_at else ""


def _beats() -> QuerySet[Heartbeat]:
    """Of the queues."""
    return Heartbeat.objects.exclude(name=OUTBOX).order_by("name")


def _outbox_beat() -> datetime | None:
    return Heartbeat.objects.filter(name=OUTBOX).values_list("beaten_at", flat=True).first()


def _age(then: datetime | None, at: datetime) -> float | None:
    return None if then is None else _seconds(at, then)


def _seconds(at: datetime, then: datetime) -> float:
    return max(0.0, (at - then).total_seconds())
