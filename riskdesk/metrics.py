"""What a collector scrapes from /metrics.

Takes rows, the broker and the disk; gives Prometheus text. Counts nothing in the process: whichever of many
processes answers says the same; what this process remembers is which part it could not reach, to say so once
in the log. Never names a client.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import redis
import structlog
from django.db import Error as DatabaseProblem
from django.db.models import Count, Min, Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

from margin.flow.vitals import Vitals, take_vitals
from margin.models import Alert, Breach, Delivery, PriceRefusal, Run
from riskdesk import broker

__all__ = ["CONTENT_TYPE", "exposition"]

log = structlog.get_logger(__name__)

TIMED_RUNS, TIMED_WINDOW = 200, timedelta(minutes=5)
QUANTILES = (0.5, 0.95)
Samples = Mapping[tuple[str, ...], float]


class Reached:
    """Which parts answered the last scrape; a change of it is one line of the log."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.lock = threading.Lock()

    def say(self, name: str, part: str, trouble: Exception | None) -> Metric:
        """The part's own figure, 1 or 0."""
        with self.lock:
            changed = (part in self.down) is (trouble is None)
            (self.down.discard if trouble is None else self.down.add)(part)
        if changed and trouble is None:
            log.info("metrics.reached", part=part)
        elif changed:
            log.warning("metrics.unreached", part=part, error=str(trouble)[:300])
        return _gauge(name, f"Does {part} answer?", (), {(): trouble is None})


reached = Reached()


class DeskCollector:
    def collect(self) -> Iterator[Metric]:
        yield from _of_rows()
        yield from _of_broker()


def exposition() -> bytes:
    registry = CollectorRegistry()
    registry.register(DeskCollector())
    return generate_latest(registry)


def _of_rows() -> Iterator[Metric]:
    try:
        vitals = take_vitals()
        families = [*_ages(vitals), *_runs(vitals), *_work()]
    except DatabaseProblem as trouble:
        yield reached.say("riskdesk_database_up", "PostgreSQL", trouble)
        return
    yield reached.say("riskdesk_database_up", "PostgreSQL", None)
    yield from families


def _ages(vitals: Vitals) -> Iterator[Metric]:
    yield _gauge(
        "riskdesk_clock_skew_seconds",
        "This process's clock minus the database's.",
        (),
        {(): vitals.clock_skew_seconds},
    )
    yield _gauge(
        "riskdesk_feed_age_seconds",
        "Age of the newest price, by source.",
        ("source",),
        {(source,): age for source, age in vitals.source_age_seconds.items() if age is not None},
    )
    yield _gauge("riskdesk_trading", "Is any active instrument in its session?", (), {(): vitals.trading})
    yield _gauge(
        "riskdesk_recompute_age_seconds",
        "Age of the newest figures, by shard.",
        ("shard",),
        {(str(s.number),): s.age_seconds for s in vitals.shards if s.age_seconds is not None},
    )
    yield _gauge(
        "riskdesk_heartbeat_age_seconds",
        "Age of the newest heartbeat through a queue and its worker.",
        ("queue",),
        {(queue,): age for queue, age in vitals.heartbeat_age_seconds.items()},
    )


def _runs(vitals: Vitals) -> Iterator[Metric]:
    yield _gauge(
        "riskdesk_shard_parked",
        "1 while a shard waits for a person after failed attempts.",
        ("shard",),
        {(str(shard.number),): bool(shard.parked_because) for shard in vitals.shards},
    )
    yield _counter(
        "riskdesk_runs_committed",
        "Committed runs.",
        ("shard",),
        {(str(shard.number),): shard.seq for shard in vitals.shards},
    )
    runs = Run.objects.filter(started_at__gte=vitals.at - TIMED_WINDOW)
    timed = list(
        runs.filter(state=Run.State.COMMITTED)
        .order_by("-started_at")
        .values_list("timings", flat=True)[:TIMED_RUNS]
    )
    yield _gauge(
        "riskdesk_run_step_milliseconds",
        f"Time by step of the runs of the last {TIMED_WINDOW.seconds // 60} minutes.",
        ("step", "quantile"),
        dict(_quantiles(timed)),
    )
    yield _gauge(
        "riskdesk_runs_failed_lately",
        f"Runs that failed in the last {TIMED_WINDOW.seconds // 60} minutes.",
        (),
        {(): runs.filter(state=Run.State.FAILED).count()},
    )


def _work() -> Iterator[Metric]:
    alerts = Alert.objects.exclude(state=Alert.State.RESOLVED).values_list("severity", "state")
    yield _gauge(
        "riskdesk_alerts",
        "Alerts that are not resolved.",
        ("severity", "state"),
        {(severity, state): n for severity, state, n in alerts.annotate(Count("id"))},
    )
    breaches = Breach.objects.exclude(state=Breach.State.CURED).values_list("rule").annotate(Count("id"))
    yield _gauge(
        "riskdesk_breaches", "Breaches that are not cured.", ("rule",), {(r,): n for r, n in breaches}
    )
    unsent = Delivery.objects.exclude(state=Delivery.State.SENT)
    yield _gauge(
        "riskdesk_deliveries",
        "Messages that are not sent.",
        ("state",),
        {(state,): n for state, n in unsent.values_list("state").annotate(Count("id"))},
    )
    waiting = unsent.exclude(state=Delivery.State.DEAD).aggregate(oldest=Min("created_at"))["oldest"]
    yield _gauge(
        "riskdesk_delivery_oldest_timestamp_seconds",
        "When the longest waiting message was written.",
        (),
        {(): waiting.timestamp()} if waiting else {},
    )
    refused = PriceRefusal.objects.values_list("source", "reason").annotate(Sum("count"))
    yield _counter(
        "riskdesk_prices_refused",
        "Prices refused.",
        ("source", "reason"),
        {(source, reason): n for source, reason, n in refused},
    )


def _of_broker() -> Iterator[Metric]:
    try:
        lengths = broker.queue_lengths()
    except redis.RedisError as trouble:
        yield reached.say("riskdesk_valkey_up", "Valkey", trouble)
        return
    yield reached.say("riskdesk_valkey_up", "Valkey", None)
    yield _gauge(
        "riskdesk_queue_messages",
        "Messages waiting by queue, and taken but unfinished ones as unacked.",
        ("queue",),
        {(queue,): n for queue, n in lengths.items()},
    )


def _quantiles(timings: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], float]]:
    by_step: dict[str, list[float]] = defaultdict(list)
    for timing in timings:
        for step, milliseconds in timing.items():
            by_step[step].append(float(milliseconds))
    for step, values in by_step.items():
        values.sort()
        for quantile in QUANTILES:
            yield (step, str(quantile)), values[min(len(values) - 1, int(quantile * len(values)))]


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(name, text, labels=labels), samples)


def _counter(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(name, text, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    for labels, value in samples.items():
        family.add_metric(labels, value)
    return family
