"""A repeated write does nothing twice: the first answer is kept for a day and given again.

Takes the caller's `Idempotency-Key`, the body and the work. Gives the work's answer, or the first one again
(same key, same body), 422 (same key, other body), 409 (the first is still under way). The answer is kept in
the very transaction of the work, so a crash leaves both or neither; a claim that died is free after a minute.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpResponse
from psycopg.errors import DeadlockDetected, SerializationFailure
from rest_framework.request import Request

from accounts.access import Principal
from accounts.models import Replay
from margin.api.problems import Problem, invalid
from riskdesk import clock
from riskdesk.errors import Refusal

ABANDONED_AFTER = timedelta(seconds=60)
KEY = re.compile(r"[\x21-\x7e]{1,200}")
ATTEMPTS = 3

Work = Callable[[], HttpResponse]


def once(request: Request, document: Any, work: Work) -> HttpResponse:
    """Do the work in one transaction, and at most once per key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return again_if_deadlocked(lambda: guarded(work, keep=None))
    if not KEY.fullmatch(key):
        says = "1 to 200 visible ASCII characters."
        raise invalid([Refusal("Idempotency-Key", "key", key, says)])
    assert isinstance(request.auth, Principal)
    claim = take(request.auth.caller, key, digest(request, document), clock.now())
    if isinstance(claim, HttpResponse):
        return claim
    try:
        return again_if_deadlocked(lambda: guarded(work, keep=claim))
    except BaseException:
        Replay.objects.filter(pk=claim.pk, created_at=claim.created_at, status__isnull=True).delete()
        raise


def guarded(work: Work, *, keep: Replay | None) -> HttpResponse:
    """The work, whole or not at all, and its answer beside it. A refusal is an answer too; a fault is not."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                found = work()
        except Problem as refusal:
            if refusal.status >= 500:
                raise
            found = refusal.answer()
        if keep is not None:
            remember(keep, found)
    return found


def remember(claim: Replay, found: HttpResponse) -> None:
    """Keep the answer; if somebody took over the claim meanwhile, everything is undone."""
    mine = Replay.objects.filter(pk=claim.pk, created_at=claim.created_at, status__isnull=True)
    kept = [found["Content-Type"], found.content.decode()]
    if not mine.update(status=found.status_code, answer=kept):
        raise under_way()


def again_if_deadlocked(attempt: Work) -> HttpResponse:
    """PostgreSQL ends one of two writers that wait for each other; that one tries again."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return attempt()
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
                raise
    raise AssertionError("the last attempt returns or raises")


def take(caller: str, key: str, body_digest: str, now: datetime) -> Replay | HttpResponse:
    """Claim the key, in a statement of its own that everybody sees at once; or say what stands there."""
    Replay.objects.filter(caller=caller, key=key, created_at__lt=now - Replay.KEPT).delete()
    try:
        with transaction.atomic():
            return Replay.objects.create(caller=caller, key=key, body_digest=body_digest, created_at=now)
    except IntegrityError:
        stands = Replay.objects.filter(caller=caller, key=key).first()
    if stands is None:
        raise under_way()  # freed between our two statements: the caller comes back
    if stands.body_digest != body_digest:
        raise Problem(422, "key-reused", "This Idempotency-Key was used with another body or address.")
    return take_over(stands, now) if stands.status is None else first_answer(stands)


def take_over(stands: Replay, now: datetime) -> Replay:
    """A claim without an answer belongs to a living call; if it is old, its call died with its work."""
    if stands.created_at > now - ABANDONED_AFTER:
        raise under_way()
    old = Replay.objects.filter(pk=stands.pk, created_at=stands.created_at, status__isnull=True)
    if not old.update(created_at=now):
        raise under_way()
    stands.created_at = now
    return stands


def first_answer(stands: Replay) -> HttpResponse:
    assert stands.answer is not None, "an answer is kept together with its status"
    kind, content = stands.answer
    found = HttpResponse(content.encode(), status=stands.status, content_type=kind)
    found["Idempotency-Replayed"] = "true"
    found["Cache-Control"] = "no-store"
    return found


def under_way() -> Problem:
    says = "The first call with this Idempotency-Key is still under way."
    return Problem(409, "in-progress", says, headers={"Retry-After": "1"})


def digest(request: Request, document: Any) -> str:
    """Of method, address and meaning: spaces and the order of keys do not make another body."""
    meant = json.dumps([request.method, request.path, document], sort_keys=True, default=repr)
    return hashlib.sha256(meant.encode("utf-8", "surrogatepass")).hexdigest()
