"""What regulators cap by law, as data: a class of clients, its caps by asset class, its dates, its source.

Takes a preset, a desk and a person; gives one proposal a cap. Loading puts nothing in force: a second person
approves each, as with any other change. Sources and doubts: `docs/reference/presets.md`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import transaction

from accounts.models import Desk, Proposal, RegulatoryClass, User
from margin.flow.change import propose
from margin.models import Limit
from riskdesk.errors import Refusal

RETAIL_CFD = {
    "fx_major": "30",
    "fx_minor": "20",
    "gold": "20",
    "index_major": "20",
    "commodity": "10",
    "index_minor": "10",
    "equity": "5",
    "other": "5",
    "crypto": "2",
}
"""Leverage by asset class: 1 over the least initial margin of a contract for difference."""
WITHOUT_CRYPTO = {asset: cap for asset, cap in RETAIL_CFD.items() if asset != "crypto"}


@dataclass(frozen=True, slots=True)
class Preset:
    """`whole` caps what a client holds in all, as widely as any asset class. `until`: the first day after."""

    code: str
    title: str
    regulatory_class: RegulatoryClass
    source: str
    since: date
    caps: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""
    until: date | None = None
    note: str = ""


PRESETS: Mapping[str, Preset] = {
    preset.code: preset
    for preset in (
        Preset(
            "retail_eu", "Retail CFD, European Union", RegulatoryClass.RETAIL_EU,
            "ESMA decision 2018/796; national measures since, such as CySEC DI87-09",
            date(2019, 9, 27), RETAIL_CFD, "30",
        ),
        Preset(
            "retail_uk", "Retail CFD, United Kingdom", RegulatoryClass.RETAIL_UK,
            "FCA COBS 22.5 (PS19/18)", date(2019, 8, 1), WITHOUT_CRYPTO, "30",
            note="Crypto CFDs may not be sold to retail clients since 6 January 2021: no cap is proposed.",
        ),
        Preset(
            "retail_au", "Retail CFD, Australia", RegulatoryClass.RETAIL_AU,
            "ASIC instrument 2020/986", date(2021, 3, 29), RETAIL_CFD, "30",
            note="Its extension to 2031 is proposed; the caps name no end until it is decided.",
        ),
        Preset(
            "professional", "Professional", RegulatoryClass.PROFESSIONAL,
            "ESMA decision 2018/796, which speaks of retail clients only", date(2018, 8, 1),
            note="No cap by rule; the desk’s own cap on leverage is still needed: none set, none allowed.",
        ),
    )
}  # fmt: skip


@dataclass(slots=True)
class Loaded:
    """`kept`: caps that stand or wait already with these values."""

    made: list[Proposal] = field(default_factory=list)
    kept: int = 0


def changes_of(preset: Preset, desk: Desk, now: datetime) -> Iterator[dict[str, Any]]:
    """The preset as changes of limits; a rule of the past counts from its approval."""
    dates: dict[str, Any] = {"valid_to": _begin(preset.until) if preset.until else None}
    if preset.since > now.date():
        dates["valid_at"] = _begin(preset.since)
    same = {
        "desk": desk.code,
        "kind": Limit.Kind.LEVERAGE.value,
        "regulatory_class": preset.regulatory_class.value,
    }
    if preset.whole:
        yield {**same, "scope": Limit.Scope.CLASS.value, "value": preset.whole, **dates}
    for asset, cap in preset.caps.items():
        yield {**same, "scope": Limit.Scope.ASSET_CLASS.value, "cap_class": asset, "value": cap, **dates}


def _begin(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


def load_preset(*, preset: Preset, desk: Desk, person: User, now: datetime) -> Loaded | list[Refusal]:
    """Propose every cap that is not in force or waiting with these values; all of them or none."""
    loaded = Loaded()
    reason = f"Preset {preset.title}: {preset.source}."
    with transaction.atomic():
        waiting = list(
            Proposal.objects.filter(desk=desk, kind=Proposal.Kind.LIMIT, state=Proposal.State.PROPOSED)
            .values_list("change", flat=True)
        )  # fmt: skip
        for change in changes_of(preset, desk, now):
            if change in waiting:
                loaded.kept += 1
                continue
            said = propose(
                kind=Proposal.Kind.LIMIT, change=change, desk=desk, reason=reason, person=person, now=now
            )
            if isinstance(said, Proposal):
                loaded.made.append(said)
            elif said[0].rule == "nothing_changes":
                loaded.kept += 1
            else:
                transaction.set_rollback(True)
                return said
    if not preset.caps:
        return [Refusal("preset", "no_caps", preset.code, preset.note)]
    return loaded
