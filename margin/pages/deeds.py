"""Deeds of the audit trail as people read them: what was, what is, and whether the seal still holds.

Takes audit rows; gives lines. A seal is checked as `manage.py audit verify` does, of the rows shown
alone: that the chain is whole from its first seal on is that command's to say.
"""

import hmac
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import AuditEvent, AuditSeal
from accounts.seals import digest_of, keys, sealable
from margin import formats

MOST_LINES = 60
DECIMAL = re.compile(r"-?\d+\.\d+")
NOT_SEALED, HOLDS, BROKEN = "waiting", "holds", "broken"


@dataclass(frozen=True, slots=True)
class Line:
    """One value before and after; None where it did not exist."""

    name: str
    before: str | None
    after: str | None

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Deed:
    event: AuditEvent
    words: str
    lines: list[Line]
    more: int
    seal: AuditSeal | None
    state: str

    @property
    def differs(self) -> bool:
        """There is something to compare, and not just to show."""
        return any(line.before is not None for line in self.lines)


def deeds(events: Sequence[AuditEvent]) -> list[Deed]:
    seals = {seal.event_id: seal for seal in AuditSeal.objects.filter(event__in=[row.pk for row in events])}
    written = {row.pk: row for row in sealable(AuditEvent.objects.filter(pk__in=list(seals)))}
    known_keys = keys()
    return [_deed(event, seals.get(event.pk), written.get(event.pk), known_keys) for event in events]


def _deed(
    event: AuditEvent, seal: AuditSeal | None, written: AuditEvent | None, known_keys: Sequence[bytes]
) -> Deed:
    lines = difference(event.before, event.after)
    state = NOT_SEALED
    if seal is not None and written is not None:
        state = HOLDS if _holds(seal, written, known_keys) else BROKEN
    return Deed(
        event, in_words(event.action), lines[:MOST_LINES], max(0, len(lines) - MOST_LINES), seal, state
    )


def _holds(seal: AuditSeal, written: AuditEvent, known_keys: Sequence[bytes]) -> bool:
    place: dict[str, Any] = {
        "number": seal.number,
        "previous": seal.previous,
        "sealed_at": seal.sealed_at,
    }
    return any(hmac.compare_digest(digest_of(written, **place, key=key), seal.digest) for key in known_keys)


def in_words(action: str) -> str:
    """`limit.approved` is: limit approved."""
    return action.replace(".", " ").replace("_", " ")


def difference(before: Any, after: Any) -> list[Line]:
    """Every value by its name, those that moved first."""
    was, became = dict(_flat(before)), dict(_flat(after))
    names = list(dict.fromkeys([*became, *was]))
    lines = [Line(_named(name), was.get(name), became.get(name)) for name in names]
    return sorted(lines, key=lambda line: not line.moved)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested values by a path of names and places. A blank says the same as nothing, and is left out."""
    parts: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value, start=1)
    else:
        if value not in (None, ""):
            yield name, _text(value)
        return
    for key, each in parts:
        yield from _flat(each, f"{name} › {key}" if name else str(key))


def _text(value: Any) -> str:
    """A number without idle zeros: 59 is no change from 59.000."""
    if not isinstance(value, str):
        return json.dumps(value)
    return formats.plain(value) if DECIMAL.fullmatch(value) else formats.named(value)


def _named(name: str) -> str:
    return name.replace("_", " ") or "value"
