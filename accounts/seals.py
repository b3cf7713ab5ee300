"""The chain over the audit rows: each seal covers its row and the seal before it, under a secret key.

Takes committed rows that wait (the database notes each when it is written, so a row that commits late is only
sealed late). Gives seals, numbered without gaps, and leaves a signed checkpoint outside the database, so that
rows cut off the end are missed too. One sealer works at a time. Never changes what it sealed.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from accounts.checkpoints import write_checkpoint
from accounts.models import AuditEvent, AuditSeal, AuditUnsealed
from riskdesk import clock, locks

FIRST = "0" * 64
PURPOSE = b"riskdesk audit seal"


def seal_committed(*, most: int = 5000) -> int:
    """Seal up to `most` waiting rows, oldest first. Gives how many; 0 also while another sealer works."""
    with transaction.atomic():
        if not _is_the_one_sealer():
            return 0
        waiting = list(sealable(AuditEvent.objects.filter(unsealed__isnull=False)).order_by("pk")[:most])
        if not waiting:
            return 0
        last = AuditSeal.objects.order_by("-number").first()
        seals = _chain(waiting, last)
        AuditSeal.objects.bulk_create(seals)
        AuditUnsealed.objects.filter(pk__in=[event.pk for event in waiting]).delete()
        number, digest = seals[-1].number, seals[-1].digest
        transaction.on_commit(lambda: write_checkpoint(number=number, digest=digest, key=keys()[0]))
    return len(seals)


def sealable(events: "QuerySet[AuditEvent]") -> "QuerySet[AuditEvent]":
    """With before and after as the very text the database holds: no number is read and written again."""
    return events.annotate(
        before_text=Cast("before", TextField()), after_text=Cast("after", TextField())
    ).defer("before", "after")


def digest_of(event: AuditEvent, *, number: int, previous: str, sealed_at: datetime, key: bytes) -> str:
    place = f"{number}\n{previous}\n{sealed_at.isoformat()}\n".encode()
    return hmac.new(key, place + canonical(event), hashlib.sha256).hexdigest()


def canonical(event: AuditEvent) -> bytes:
    """The row as one text that any reader would write the same way. Asks for what `sealable` gives."""
    row = {
        "id": event.pk,
        "recorded_at": event.recorded_at.isoformat(),
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "action": event.action,
        "subject": event.subject,
        "desk": event.desk_id,
        "before": vars(event)["before_text"],
        "after": vars(event)["after_text"],
        "reason": event.reason,
        "request_id": event.request_id,
        "run_id": event.run_id,
    }
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def keys() -> list[bytes]:
    """The key that seals, then older ones that still verify. Made from secrets, never a secret itself."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if own := settings.ENV.audit_key:
        secrets.insert(0, own)
    return [hmac.new(secret.encode(), PURPOSE, hashlib.sha256).digest() for secret in secrets]


def _is_the_one_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [locks.SEAL_AUDIT])
        return bool(cursor.fetchone()[0])


def _chain(events: Iterable[AuditEvent], last: AuditSeal | None) -> list[AuditSeal]:
    number, previous = (last.number, last.digest) if last else (0, FIRST)
    sealed_at, key = clock.now(), keys()[0]
    seals = []
    for event in events:
        number += 1
        digest = digest_of(event, number=number, previous=previous, sealed_at=sealed_at, key=key)
        seals.append(
            AuditSeal(number=number, event=event, previous=previous, digest=digest, sealed_at=sealed_at)
        )
        previous = digest
    return seals
