"""The door of `margin.flow.repeat`: a write with an `Idempotency-Key` is done at most once.

Takes the request, its body and the work; gives the work's answer, or the first one again (same key, same
body), 422 (same key, other body), 409 (the first is still under way). A refusal is an answer too; a
fault is not.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from margin.api.authentication import principal_of
from margin.api.problems import Problem, invalid
from margin.flow.repeat import FIELD, FirstAnswer, again_if_deadlocked, do_once
from riskdesk import clock
from riskdesk.errors import Refusal

KEY = re.compile(r"[\x21-\x7e]{1,200}")

Work = Callable[[], HttpResponse]


def once(request: Request, document: Any, work: Work) -> HttpResponse:
    """Do the work in one transaction, and at most once per key."""
    key = request.headers.get(FIELD)
    if key is None:
        return again_if_deadlocked(lambda: whole(work))
    if not KEY.fullmatch(key):
        raise invalid([Refusal(FIELD, "key", key, "1 to 200 visible ASCII characters.")])
    found = do_once(
        caller=principal_of(request).caller,
        key=key,
        digest=digest(request, document),
        now=clock.now(),
        work=lambda: whole(work),
        words=words,
    )
    if isinstance(found, Refusal):
        raise problem_of(found)
    return first_answer(found) if isinstance(found, FirstAnswer) else found


def whole(work: Work) -> HttpResponse:
    """The work, whole or not at all."""
    try:
        with transaction.atomic():
            return work()
    except Problem as refusal:
        if refusal.status >= 500:
            raise
        return refusal.answer()


def words(found: HttpResponse) -> FirstAnswer:
    return FirstAnswer(found.status_code, found["Content-Type"], found.content.decode())


def first_answer(kept: FirstAnswer) -> HttpResponse:
    found = HttpResponse(kept.content.encode(), status=kept.status, content_type=kept.kind)
    found["Idempotency-Replayed"] = "true"
    found["Cache-Control"] = "no-store"
    return found


def problem_of(refusal: Refusal) -> Problem:
    if refusal.rule == "key_reused":
        return Problem(422, "key-reused", refusal.message, [refusal])
    return Problem(409, "in-progress", refusal.message, [refusal], headers={"Retry-After": "1"})


def digest(request: Request, document: Any) -> str:
    """Of method, address and meaning: spaces and the order of keys do not make another body."""
    meant = json.dumps([request.method, request.path, document], sort_keys=True, default=repr)
    return hashlib.sha256(meant.encode("utf-8", "surrogatepass")).hexdigest()
