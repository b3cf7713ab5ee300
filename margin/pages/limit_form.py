"""What the form of `/limits/` says, as a change in plain JSON, and the other way round.

Takes posted texts or a version in force; gives the change, or the texts of the fields. Only writes the form
out: what it means and whether it may be is decided by `margin.flow.change`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounts.models import Desk, HouseBuffer, Proposal, RegulatoryClass
from margin import formats
from margin.flow.ruled import RULED
from margin.flow.versions import as_json
from margin.models import InstrumentBuffer, Limit, TemporaryExcess

KINDS = (Proposal.Kind.LIMIT, Proposal.Kind.EXCESS, Proposal.Kind.BUFFER, Proposal.Kind.INSTRUMENT_BUFFER)
Version = Limit | HouseBuffer | InstrumentBuffer | TemporaryExcess
SCOPE_FIELDS = {
    "class": "regulatory_class",
    "client": "client",
    "sub_account": "sub_account",
    "instrument": "instrument",
    "asset_class": "cap_class",
}
LIMIT_SCOPES = Limit.Scope.choices
BUFFER_SCOPES = LIMIT_SCOPES[:4]
ASSET_CLASS = Limit.Scope.ASSET_CLASS
DATES = ("valid_at", "valid_to")
TEXTS = ("kind_of_limit", "scope", *SCOPE_FIELDS.values(), "value", "warn", "buffer", *DATES, "reason")


@dataclass(slots=True)
class Form:
    """The fields as texts. `made_from` is the version that the person looks at; `fixed`: whom it is upon."""

    kind: str
    desk: Desk
    fields: dict[str, str] = field(default_factory=dict)
    made_from: int | None = None
    fixed: bool = False

    @property
    def is_limit(self) -> bool:
        return self.kind == Proposal.Kind.LIMIT

    @property
    def is_excess(self) -> bool:
        return self.kind == Proposal.Kind.EXCESS

    @property
    def scopes(self) -> list[tuple[str, str]]:
        return LIMIT_SCOPES if self.is_limit else BUFFER_SCOPES

    @property
    def of_house(self) -> bool:
        """Buffers of instruments belong to no desk."""
        return self.kind == Proposal.Kind.INSTRUMENT_BUFFER

    @property
    def proposed_on(self) -> Desk | None:
        return None if self.of_house else self.desk

    classes = RegulatoryClass.choices
    kinds_of_limit = Limit.Kind.choices
    cap_classes = tuple(formats.ASSET_CLASSES.items())

    def change(self, *, end: bool = False) -> dict[str, Any]:
        """The change as `propose` takes it."""
        said = self.identity()
        if end:
            return said | {"end": True}
        if not self.is_limit and not self.is_excess:
            return said | {"buffer": _share(self.fields.get("buffer", ""))}
        said["value"] = _number(self.fields.get("value", ""))
        if self.is_limit:
            said["warn"] = _number(self.fields.get("warn", ""))
        said["valid_to"] = _instant(self.fields.get("valid_to", ""))
        starts = _instant(self.fields.get("valid_at", ""))
        return said | ({"valid_at": starts} if starts else {})

    def identity(self) -> dict[str, Any]:
        if self.of_house:
            return {"instrument": self.fields.get("instrument", "").strip()}
        said: dict[str, Any] = {"desk": self.desk.code}
        if self.is_excess:
            client = self.fields.get("client", "").strip()
            return said | {"kind": self.fields.get("kind_of_limit", ""), "client": client}
        scope = self.fields.get("scope", "")
        if self.is_limit:
            said |= {"kind": self.fields.get("kind_of_limit", ""), "scope": scope}
        if scope in SCOPE_FIELDS:
            said[SCOPE_FIELDS[scope]] = self.fields.get(SCOPE_FIELDS[scope], "").strip()
        if scope == ASSET_CLASS:
            said["regulatory_class"] = self.fields.get("regulatory_class", "")
        return said


def blank(kind: str, desk: Desk) -> Form:
    return Form(kind, desk, {"scope": "desk", "kind_of_limit": Limit.Kind.LEVERAGE})


def posted(kind: str, desk: Desk, sent: Mapping[str, str]) -> Form:
    made_from = sent.get("made_from", "")
    return Form(
        kind,
        desk,
        {name: sent.get(name, "") for name in TEXTS},
        int(made_from) if made_from.isascii() and made_from.isdigit() and len(made_from) < 16 else None,
        sent.get("fixed") == "1",
    )


def of_values(
    kind: str, desk: Desk, said: Mapping[str, Any], *, made_from: int | None, reason: str = ""
) -> Form:
    """The form filled with a version's values."""
    fields = {name: str(said.get(name) or "") for name in (*SCOPE_FIELDS.values(), "scope", "value", "warn")}
    fields["kind_of_limit"] = str(said.get("kind") or "")
    fields["buffer"] = _percent(said.get("buffer"))
    if kind == Proposal.Kind.BUFFER:
        fields["scope"] = next((scope for scope, name in SCOPE_FIELDS.items() if fields[name]), "desk")
    fields["valid_to"] = _local(said.get("valid_to"))
    fields["reason"] = reason
    return Form(kind, desk, fields, made_from, fixed=True)


def of_version(kind: str, desk: Desk, version: Version, *, reason: str = "", made_from: int | None) -> Form:
    return of_values(kind, desk, as_json(RULED[kind], version) or {}, made_from=made_from, reason=reason)


def _number(text: str) -> str | None:
    """Digits may be grouped for the eye; nothing else is touched."""
    return formats.plain(text.replace(",", "").replace(" ", "").strip()) or None


def _share(text: str) -> str | None:
    """Per cent into a fraction, exactly; what is no number stays as it is and is refused by name."""
    plain = _number(text.replace("%", ""))
    if plain is None:
        return None
    try:
        return formats.plain(f"{Decimal(plain) / 100:f}")
    except ArithmeticError:
        return plain


def _percent(value: Any) -> str:
    return "" if value in (None, "") else formats.plain(f"{Decimal(str(value)) * 100:f}")


def _instant(text: str) -> str | None:
    """A browser's local time without a zone is UTC: the form says so."""
    return f"{text}+00:00" if text and "+" not in text and not text.endswith("Z") else text or None


def _local(value: Any) -> str:
    return datetime.fromisoformat(str(value)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if value else ""
