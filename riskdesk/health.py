"""The desk's own state for machines: /healthz (this process), /readyz (everything a figure needs), /metrics.

Takes vitals, the broker and the disk; gives JSON or Prometheus text. /readyz answers 503 with the reason as
soon as any figure on the screen could be older than it looks; what else is wrong stands under `problems` of a
200, because pages that show right figures shall not be taken away. Never says anything about a client.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import redis
import structlog
from django.conf import settings
from django.db import Error as DatabaseProblem
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import access, tokens
from accounts.access import Action
from margin.flow.vitals import (
    FEED_SECONDS,
    HEARTBEAT_SECONDS,
    LETTER_SECONDS,
    RECOMPUTE_SECONDS,
    Vitals,
    take_vitals,
)
from riskdesk import broker
from riskdesk.errors import Refusal
from riskdesk.problems import CONTENT_TYPE, problem
from riskdesk.workers import QUEUES

log = structlog.get_logger(__name__)

SKEW_SECONDS = 2.0
FREE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """One part's state; `reason` is blank while it is well. `stops`: figures cannot be trusted without it."""

    part: str
    reason: str = ""
    figures: dict[str, object] = field(default_factory=dict)
    stops: bool = True


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Says nothing about the rest."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    found = list(findings())
    faults, problems = _said(found, stops=True), _said(found, stops=False)
    checks = {f.part: {"ok": not f.reason, "reason": f.reason, **f.figures} for f in found}
    answer = {"ready": not faults, "reason": "; ".join(faults), "problems": problems, "checks": checks}
    return JsonResponse(answer, status=503 if faults else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For an administrator or a token of scope `metrics`, wherever they come from."""
    from riskdesk.metrics import CONTENT_TYPE as TEXT
    from riskdesk.metrics import exposition

    try:
        known, allowed = _of_token(request) if request.headers.get("Authorization") else _of_session(request)
    except DatabaseProblem as trouble:
        log.warning("database.unreadable", error=str(trouble)[:300])
        says = "PostgreSQL does not answer, so nobody can be known."
        return JsonResponse(problem(503, "database-away", says), status=503, content_type=CONTENT_TYPE)
    if not allowed:
        return _turned_away(known=known)
    return HttpResponse(exposition(), content_type=TEXT)


def _turned_away(*, known: bool) -> HttpResponse:
    status, name = (403, "forbidden") if known else (401, "unauthenticated")
    says = "Metrics are for administrators and for tokens of the scope `metrics`."
    lacking = [Refusal("scope", "required", "metrics", says)] if known else []
    response = JsonResponse(problem(status, name, says, lacking), status=status, content_type=CONTENT_TYPE)
    if not known:
        response["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return response


def _said(found: list[Finding], *, stops: bool) -> list[str]:
    return [f"{one.part}: {one.reason}" for one in found if one.reason and one.stops is stops]


def findings() -> Iterator[Finding]:
    """Every part a figure needs, in the order in which an operator would look."""
    yield from _of_rows()
    yield _of_valkey()
    yield _of_disk()


def _of_rows() -> Iterator[Finding]:
    try:
        vitals = take_vitals()
    except DatabaseProblem as trouble:
        # Its words may hold names and addresses: they are for the log alone.
        log.warning("database.unreadable", error=str(trouble)[:300])
        why = "not migrated" if "does not exist" in str(trouble) else "does not answer"
        yield Finding("database", why)
        return
    yield Finding("database")
    for judge in JUDGES:
        yield judge(vitals)


def _clock(vitals: Vitals) -> Finding:
    skew = vitals.clock_skew_seconds
    late = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} the database"
    reason = late if abs(skew) > SKEW_SECONDS else ""
    return Finding("clock", reason, {"skew_seconds": round(skew, 3)})


def _feed(vitals: Vitals) -> Finding:
    age = vitals.feed_age_seconds
    figures: dict[str, object] = {"age_seconds": _rounded(age), "trading": vitals.trading}
    if not vitals.trading:
        return Finding("feed", "", figures)
    if age is None:
        return Finding("feed", "no price yet", figures)
    return Finding("feed", f"no price for {age:.0f} s" if age > FEED_SECONDS else "", figures)


def _recompute(vitals: Vitals) -> Finding:
    age = vitals.recompute_age_seconds
    parked = [shard for shard in vitals.shards if shard.parked_because]
    figures: dict[str, object] = {"age_seconds": _rounded(age), "shards": len(vitals.shards)}
    if parked:
        numbers = ", ".join(str(shard.number) for shard in parked)
        return Finding("recompute", f"shard {numbers} is parked after failed attempts", figures)
    if age is None:
        return Finding("recompute", "no figures yet", figures)
    return Finding("recompute", f"figures are {age:.0f} s old" if age > RECOMPUTE_SECONDS else "", figures)


def _heartbeat(vitals: Vitals) -> Finding:
    ages = {queue: vitals.heartbeat_age_seconds.get(queue) for queue in QUEUES}
    silent = [q for q, age in ages.items() if age is None or age > HEARTBEAT_SECONDS]
    reason = f"no beat from the workers of {' and '.join(silent)}" if silent else ""
    return Finding("heartbeat", reason, {f"{q}_age_seconds": _rounded(age) for q, age in ages.items()})


def _jobs(vitals: Vitals) -> Finding:
    names = ", ".join(vitals.stopped_jobs)
    reason = f"disabled, missing or too rare: {names}" if names else ""
    return Finding("jobs", reason, {"stopped": list(vitals.stopped_jobs)}, stops=False)


def _mail(vitals: Vitals) -> Finding:
    age, passed = vitals.letter_age_seconds, vitals.outbox_age_seconds
    reason = ""
    if age is not None and age > LETTER_SECONDS:
        reason = f"a message waits for {age:.0f} s"
    elif passed is None or passed > LETTER_SECONDS:
        since = "yet" if passed is None else f"for {passed:.0f} s"
        reason = f"no pass of the outbox came to its end {since}"
    figures: dict[str, object] = {"age_seconds": _rounded(age), "pass_age_seconds": _rounded(passed)}
    return Finding("mail", reason, figures, stops=False)


JUDGES: tuple[Callable[[Vitals], Finding], ...] = (_clock, _feed, _recompute, _heartbeat, _jobs, _mail)


def _of_valkey() -> Finding:
    try:
        return Finding("valkey", "", {"waiting": broker.queue_lengths()})
    except redis.RedisError:
        return Finding("valkey", "does not answer")


def _of_disk() -> Finding:
    try:
        usage = shutil.disk_usage(settings.ENV.data_dir)
    except OSError:
        return Finding("disk", "the data folder cannot be read")
    free = usage.free / usage.total
    reason = f"only {free:.0%} free" if free < FREE_SHARE else ""
    return Finding("disk", reason, {"free_share": round(free, 3)})


def _rounded(age: float | None) -> float | None:
    return None if age is None else round(age, 1)


def _of_token(request: HttpRequest) -> tuple[bool, bool]:
    """Is it a living token, and has it the scope?"""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.find(secret.strip()) if kind.lower() == "bearer" else None
    return token is not None, token is not None and access.scope_allows(tokens.principal_of(token), "metrics")


def _of_session(request: HttpRequest) -> tuple[bool, bool]:
    """Has somebody signed in, and do they administer?"""
    known = request.user.is_authenticated
    return known, known and access.may(request.user, Action.ADMINISTER, None)
