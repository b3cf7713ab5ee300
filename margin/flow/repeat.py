"""A repeated write does nothing twice: its first answer is kept for a day and given again.

Takes who calls, their key, a digest of what they said, and the work. Gives the work's answer, the first one
again (same key, same digest), or a refusal: the key stands for something else, or the first call is still
under way. The answer is kept in the very transaction of the work, so a crash leaves both or neither; a
claim that died is free after a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from psycopg.errors import DeadlockDetected, SerializationFailure

from accounts.models import Replay
from riskdesk.errors import Broken, Refusal, sure

ABANDONED_AFTER = timedelta(seconds=60)
ATTEMPTS = 3
FIELD = "Idempotency-Key"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """An answer as it is kept."""

    status: int
    kind: str
    content: str


class _TakenOver(Exception):
    """Somebody else took the claim while we worked: undoes our transaction, and is told as a refusal."""


def do_once(
    *,
    caller: str,
    key: str,
    digest: str,
    now: datetime,
    work: Callable[[], T],
    words: Callable[[T], FirstAnswer],
) -> T | FirstAnswer | Refusal:
    """Do the work in one transaction, at most once per key; `words` says what of its answer is kept."""
    claim = take(caller, key, digest, now)
    if not isinstance(claim, Replay):
        return claim
    try:
        return again_if_deadlocked(lambda: _done_and_kept(claim, work, words))
    except _TakenOver:
        return under_way(key)
    except BaseException:
        _own(claim).delete()
        raise


def again_if_deadlocked(attempt: Callable[[], T]) -> T:
    """PostgreSQL ends one of two writers that wait for each other; that one tries again."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return attempt()
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
                raise
    raise Broken("the last attempt returns or raises")


def _done_and_kept(claim: Replay, work: Callable[[], T], words: Callable[[T], FirstAnswer]) -> T:
    with transaction.atomic():
        found = work()
        remember(claim, words(found))
    return found


def remember(claim: Replay, answer: FirstAnswer) -> None:
    """Keep the answer; if somebody took over the claim meanwhile, everything is undone."""
    if not _own(claim).update(status=answer.status, answer=[answer.kind, answer.content]):
        raise _TakenOver


def take(caller: str, key: str, digest: str, now: datetime) -> Replay | FirstAnswer | Refusal:
    """Claim the key, in a statement of its own that everybody sees at once; or say what stands there."""
    Replay.objects.filter(caller=caller, key=key, created_at__lt=now - Replay.KEPT).delete()
    try:
        with transaction.atomic():
            return Replay.objects.create(caller=caller, key=key, body_digest=digest, created_at=now)
    except IntegrityError:
        stands = Replay.objects.filter(caller=caller, key=key).first()
    if stands is None:
        return under_way(key)  # freed between our two statements: the caller comes back
    if stands.body_digest != digest:
        says = "This Idempotency-Key was used with another body or address."
        return Refusal(FIELD, "key_reused", key, says)
    if stands.status is None:
        return take_over(stands, now)
    kind, content = sure(stands.answer, "an answer is kept together with its status")
    return FirstAnswer(stands.status, kind, content)


def take_over(stands: Replay, now: datetime) -> Replay | Refusal:
    """A claim without an answer belongs to a living call; if it is old, its call died with its work."""
    if stands.created_at > now - ABANDONED_AFTER or not _own(stands).update(created_at=now):
        return under_way(stands.key)
    stands.created_at = now
    return stands


def under_way(key: str) -> Refusal:
    says = "The first call with this Idempotency-Key is still under way."
    return Refusal(FIELD, "in_progress", key, says)


def _own(claim: Replay) -> QuerySet[Replay]:
    """The claim's row, while it is still ours."""
    return Replay.objects.filter(pk=claim.pk, created_at=claim.created_at, status__isnull=True)
