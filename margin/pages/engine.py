"""`/engine/`: how the desk's own machinery does, for whoever rests on its figures.

Takes the rows of runs, shards, heartbeats and prices, and the broker's queues; gives one honest page. Judges
by the same lines as /readyz, changes nothing, and names no client.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import User
from margin.book import read
from margin.flow import vitals as alive
from margin.flow.vitals import Vitals, take_vitals
from margin.models import Heartbeat, PriceRefusal, Quote, Run, ShardState
from riskdesk import broker, clock
from riskdesk.workers import QUEUES

RUNS_SHOWN = 25
STEPS = ("load", "recompute", "compose", "enforce", "alert")
"""Deliver is not among them: a run keeps its milliseconds when it commits, and deliver comes after."""
SLOW_SECONDS = 5
"""Of a run, or of the wait before it; how often the clock asks is a row that may be changed."""
SLOW_SHOWN = 5
REFUSALS_SHOWN = 50
LATELY = timedelta(hours=1)
LINES = {
    "feed": alive.FEED_SECONDS,
    "recompute": alive.RECOMPUTE_SECONDS,
    "heartbeat": alive.HEARTBEAT_SECONDS,
    "letter": alive.LETTER_SECONDS,
}
DOUBTFUL = ("stale", "unconfirmed")


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with its milliseconds in the order of the steps."""

    run: Run
    steps: list[float | None]
    total: float


@require_GET
@never_cache
@login_required
def room(request: HttpRequest) -> HttpResponse:
    return render(request, "engine/room.html", _page(request))


@require_GET
@never_cache
@login_required
def parts(request: HttpRequest) -> HttpResponse:
    """What the page fetches again and again."""
    return render(request, "engine/parts.html", _page(request))


def may_enter(person: User | AnonymousUser) -> bool:
    """Anybody with a desk, and those who run the machine."""
    return person.is_authenticated and (person.is_staff or access.desks_for(person).exists())


def _page(request: HttpRequest) -> dict[str, Any]:
    if not may_enter(request.user):
        raise Http404
    now = clock.now()
    vitals = take_vitals()
    rows = [run_row(run) for run in Run.objects.order_by("-started_at")[:RUNS_SHOWN]]
    return {
        "now": now,
        "vitals": vitals,
        "lines": LINES,
        "heartbeats": {queue: vitals.heartbeat_age_seconds.get(queue) for queue in QUEUES},
        "queues": queues(),
        "beats": Heartbeat.objects.order_by("name"),
        "shards": shards(vitals),
        "runs": rows,
        "steps": STEPS,
        "slow": slow_runs(now),
        "slow_seconds": SLOW_SECONDS,
        "feeds": feeds(vitals, now),
        "prices": troubled_prices(),
        "refusals": PriceRefusal.objects.filter(last_at__gte=now - LATELY)[:REFUSALS_SHOWN],
    }


def queues() -> dict[str, int] | None:
    """Messages by queue; None while Valkey is away."""
    try:
        return broker.queue_lengths()
    except redis.RedisError:
        return None


def run_row(run: Run) -> RunRow:
    steps = [run.timings.get(step) for step in STEPS]
    return RunRow(run, steps, round(sum(one or 0 for one in steps), 1))


def slow_runs(now: Any) -> list[RunRow]:
    """Runs of the last hour that took or waited longer than `SLOW_SECONDS`, slowest first."""
    recent = Run.objects.filter(started_at__gte=now - LATELY).exclude(timings={}).order_by("-started_at")
    rows = [run_row(run) for run in recent[:2000]]
    late = [row for row in rows if max(row.total, row.run.counts.get("waited_ms", 0)) > SLOW_SECONDS * 1000]
    return sorted(late, key=lambda row: -row.total)[:SLOW_SHOWN]


def shards(vitals: Vitals) -> list[dict[str, Any]]:
    """Who works each shard, what waits for it, and how old its figures are."""
    ages = {shard.number: shard for shard in vitals.shards}
    return [
        {"state": state, "own": ages.get(state.shard_id), "worked": _worked(state, vitals)}
        for state in ShardState.objects.order_by("shard_id")
    ]


def _worked(state: ShardState, vitals: Vitals) -> bool:
    return state.lease_until is not None and state.lease_until > vitals.at


def feeds(vitals: Vitals, now: Any) -> list[dict[str, Any]]:
    """Each source: its newest price, how many instruments it prices, and what was refused of it."""
    refused = dict(
        PriceRefusal.objects.filter(last_at__gte=now - LATELY).values_list("source").annotate(Sum("count"))
    )
    priced = dict(Quote.objects.values_list("source__code").annotate(Count("id")))
    return [
        {
            "source": source,
            "age": age,
            "instruments": priced.get(source, 0),
            "refused": refused.get(source, 0),
        }
        for source, age in vitals.source_age_seconds.items()
    ]


def troubled_prices() -> list[dict[str, Any]]:
    """Instruments without a price, then those in doubt, as the newest runs used them."""
    rows = [{"code": code, **price} for code, price in sorted(read.prices().items())]
    missing = [row for row in rows if row["mark"] is None]
    return missing + [row for row in rows if row["mark"] is not None and row["state"] in DOUBTFUL]
