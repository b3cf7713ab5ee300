"""Is the audit chain whole? Reads every seal with its row, and the checkpoints outside; changes nothing.

Takes nothing; gives a verdict that counts what it saw and names the first bad row, in the chain's order.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.checkpoints import Checkpoint, read_checkpoints
from accounts.models import AuditEvent, AuditSeal
from accounts.seals import FIRST, digest_of, keys, sealable
from riskdesk import clock

AT_ONCE = 2000
SEALED_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Verdict:
    sealed: int
    waiting: int
    checkpoints: int
    bad: str = ""


class BadRow(Exception):
    """The first row that does not hold; carries the sentence."""


def verify() -> Verdict:
    """Walk the chain from its first seal to its last, then see that nothing is missing behind it."""
    known_keys = keys()
    checkpoints = read_checkpoints(known_keys)
    sealed, bad = 0, ""
    try:
        for number in _walk(known_keys, {point.number: point for point in checkpoints if point.genuine}):
            sealed = number
        _reaches(checkpoints, sealed)
        _all_sealed()
    except BadRow as found:
        bad = str(found)
    waiting = AuditEvent.objects.filter(seal__isnull=True).count()
    return Verdict(sealed=sealed, waiting=waiting, checkpoints=len(checkpoints), bad=bad)


def _walk(known_keys: Sequence[bytes], checkpoints: Mapping[int, Checkpoint]) -> Iterator[int]:
    number, previous = 0, FIRST
    while batch := list(AuditSeal.objects.filter(number__gt=number).order_by("number")[:AT_ONCE]):
        events = {row.pk: row for row in sealable(AuditEvent.objects.filter(seal__in=batch))}
        for seal in batch:
            number += 1
            _check(seal, number, previous, events.get(seal.event_id), known_keys)
            point = checkpoints.get(number)
            if point and point.digest != seal.digest:
                raise BadRow(
                    f"seal {number} is not the one that the checkpoint {point.name} saw: it was rewritten"
                )
            previous = seal.digest
            yield number


def _check(
    seal: AuditSeal, number: int, previous: str, event: AuditEvent | None, known_keys: Sequence[bytes]
) -> None:
    if seal.number != number:
        raise BadRow(f"seal {number} is missing: its row was deleted")
    if event is None:
        raise BadRow(f"event {seal.event_id} (seal {number}) is missing: its row was deleted")
    if seal.previous != previous:
        raise BadRow(f"seal {number} (event {event.pk}) does not follow seal {number - 1}: one was changed")
    for key in known_keys:
        expected = digest_of(event, number=number, previous=previous, sealed_at=seal.sealed_at, key=key)
        if hmac.compare_digest(expected, seal.digest):
            return
    hint = " (or the key that sealed it is not among those given)" if number == 1 else ""
    raise BadRow(f"event {event.pk} (seal {number}) is not what was sealed: row or seal was changed{hint}")


def _reaches(checkpoints: Sequence[Checkpoint], last: int) -> None:
    for point in checkpoints:
        if not point.genuine:
            raise BadRow(f"the checkpoint {point.name} was changed, or signed with a key not given here")
        if point.number > last:
            raise BadRow(
                f"seal {last + 1} is missing: the checkpoint {point.name} saw seal {point.number}, "
                f"so {point.number - last} rows were cut off the end"
            )


def _all_sealed() -> None:
    late = clock.now() - SEALED_WITHIN
    row = AuditEvent.objects.filter(seal__isnull=True, unsealed__isnull=True, recorded_at__lt=late).first()
    if row:
        raise BadRow(f"event {row.pk} was never sealed and does not wait to be")
