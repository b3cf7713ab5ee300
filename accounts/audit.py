"""The record of deeds: who did what, to what, why, before and after.

Takes a deed inside the transaction that does it, so that neither exists without the other. Gives a row that
the database lets nobody change. `accounts.seals` chains the rows once they are committed. Never decides
anything, and never records a secret: the caller passes what may be read later.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.serializers.json import DjangoJSONEncoder
from structlog.contextvars import get_contextvars

from accounts.access import Principal
from accounts.models import AuditEvent, Desk, User
from riskdesk import clock

Values = Mapping[str, Any]
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""The character in JSON. Behind an odd backslash it is no escape but those six signs, which stay."""
NAME_CHARACTERS, SUBJECT_CHARACTERS, REFERENCE_CHARACTERS = 150, 200, 64


def record(
    *,
    actor: User | AnonymousUser | Principal | str,
    action: str,
    subject: str,
    desk: Desk | None = None,
    before: Values | None = None,
    after: Values | None = None,
    reason: str = "",
) -> AuditEvent:
    """Add one row. `actor` is a person, a principal, or the name of a part of the system."""
    row = deed(
        actor=actor, action=action, subject=subject, desk=desk, before=before, after=after, reason=reason
    )
    row.save(force_insert=True)
    return row


def record_all(deeds: Sequence[AuditEvent]) -> None:
    """Add the rows of many deeds with one statement."""
    AuditEvent.objects.bulk_create(deeds)


def deed(
    *,
    actor: User | AnonymousUser | Principal | str,
    action: str,
    subject: str,
    desk: Desk | None = None,
    before: Values | None = None,
    after: Values | None = None,
    reason: str = "",
) -> AuditEvent:
    """The row of a deed, not added yet."""
    person = actor.person if isinstance(actor, Principal) else actor if isinstance(actor, User) else None
    name = actor.name if isinstance(actor, Principal) else str(actor)
    context = get_contextvars()
    return AuditEvent(
        recorded_at=clock.now(),
        actor=person,
        actor_name=_one_line(name, NAME_CHARACTERS),
        action=action,
        subject=_one_line(subject, SUBJECT_CHARACTERS),
        desk=desk,
        before=_plain(before),
        after=_plain(after),
        reason=reason.replace("\x00", ""),
        request_id=str(context.get("request_id", ""))[:REFERENCE_CHARACTERS],
        run_id=str(context.get("run_id", ""))[:REFERENCE_CHARACTERS],
    )


def _one_line(text: str, characters: int) -> str:
    """No line break or control character: a row of the record is one line wherever it is shown."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:characters]


def _plain(values: Values | None) -> Any:
    """Decimals and times as text, so that what is read back is what was written, to the digit."""
    if values is None:
        return None
    return json.loads(NUL.sub(r"\1", json.dumps(dict(values), cls=DjangoJSONEncoder)))
