"""What a change changes, value by value, in the words of the forms; and what moved under it since.

Takes a proposal's values; gives lines. Decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from accounts.models import Proposal
from margin.flow.ruled import RULED
from margin.flow.versions import as_json, columns_of, in_force


@dataclass(frozen=True, slots=True)
class Line:
    """One value beside the one it replaces."""

    name: str
    label: str
    before: Any
    after: Any

    @property
    def moved(self) -> bool:
        """A blank is a blank, however it is written."""
        return bool((self.before or None) != (self.after or None))


def difference(kind: str, before: Mapping[str, Any] | None, change: Mapping[str, Any]) -> list[Line]:
    """Every value of the change beside the one it replaces; of an end, what would be gone."""
    was, comes = before or {}, {} if change.get("end") else change
    names = [name for name in {**was, **comes} if name != "end"]
    return [
        Line(name, label(kind, name), was.get(name), comes.get(name, _kept(kind, was, name, change)))
        for name in names
    ]


def _kept(kind: str, was: Mapping[str, Any], name: str, change: Mapping[str, Any]) -> Any:
    """A value that the change does not speak of: of a standing row it stays, of a version it is blank."""
    return was.get(name) if kind in RULED and RULED[kind].stands and not change.get("end") else None


def label(kind: str, name: str) -> str:
    """A column as its form calls it."""
    columns = {field.name: field for field in RULED[kind].model._meta.get_fields()} if kind in RULED else {}
    return str(capfirst(getattr(columns.get(name), "verbose_name", name.replace("_", " "))))


def now_in_force(kind: str, change: Mapping[str, Any]) -> tuple[int | None, dict[str, Any] | None]:
    """The version that a change of this identity would replace now, with its values."""
    ruled = RULED[kind]
    identity, refused = columns_of(ruled.model, ruled.identity, change)
    if refused:
        return None, None
    current = in_force(ruled, identity)
    return (current.pk if current is not None else None), as_json(ruled, current)


def moved_since(proposal: Proposal) -> list[Line]:
    """What came into force after a proposal was made: its own starting values beside those of now."""
    if proposal.state != Proposal.State.PROPOSED:
        return []
    _, values = now_in_force(proposal.kind, proposal.change)
    lines = difference(proposal.kind, proposal.before, values if values is not None else {"end": True})
    return [line for line in lines if line.moved]
