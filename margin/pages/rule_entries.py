"""The rules in force as entries of a book: in words, since when, who approved them, and what was before.

Takes a desk; gives the chapters. Versions tell their own history; what stands as columns of a row (price
guards) is told by its approved proposals. Reads rows, changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from accounts.models import Desk, HouseBuffer, Proposal
from accounts.models.columns import ProposedVersion
from margin import formats
from margin.models import (
    Calendar,
    DeskPolicy,
    HaircutVersion,
    Instrument,
    InstrumentBuffer,
    InstrumentSource,
    Limit,
    ScheduleVersion,
    TemporaryExcess,
)
from margin.pages import rule_words as words
from margin.whatif.profiles import PROFILES
from riskdesk import clock

MOST_BEFORE = 12
EXPLAINED = {
    "levels": "levels",
    "caps": "limits-and-alerts",
    "excesses": "limits-and-alerts",
    "buffers": "buffers",
    "instrument-buffers": "buffers",
    "schedules": "margin",
    "haircuts": "margin",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One state of a rule: `ended` is when the next took over."""

    words: str
    since: datetime | None
    by: str = ""
    proposed_by: str = ""
    reason: str = ""
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """`note` marks what is not simply in force: not yet, over, or ended without a successor."""

    subject: str
    now: Said
    before: Sequence[Said] = ()
    note: str = ""
    tiers: Sequence[tuple[str, ...]] = ()
    heads: Sequence[str] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    name: str
    title: str
    about: str
    entries: list[Entry] = field(default_factory=list)
    link: str = ""

    @property
    def explained(self) -> str:
        """The concept that explains it."""
        return EXPLAINED.get(self.name, "")


Version = Any


TITLES: Mapping[str, tuple[str, str]] = {
    "levels": (
        "Levels",
        "How this desk reads its figures: where the bands begin, and where a call and a liquidation.",
    ),
    "caps": (
        "Caps",
        "What a client may hold at most. The tightest binds; with none on leverage, all is a breach.",
    ),
    "excesses": (
        "Temporary excesses",
        "For a while a client may go beyond its caps. Each ends by itself.",
    ),
    "buffers": (
        "House buffers",
        "The house’s own margin on top of maintenance, so that it asks before the venue does.",
    ),
    "instrument-buffers": (
        "Instrument buffers",
        "Margin on single instruments, on top of the account’s own buffer.",
    ),
    "schedules": (
        "Margin schedules",
        "What a position requires by its size. A tier’s rates count for what lies above its floor.",
    ),
    "haircuts": (
        "Haircuts",
        "What of an asset counts as collateral. An asset without an entry does not count.",
    ),
    "guards": ("Price guards", "Whose price is believed, and when it is doubted."),
    "hours": ("Trading hours", "When a market is open: outside, its last price is not called stale."),
    "profiles": (
        "Account tests",
        "A jurisdiction’s tests of a whole account, as the calculator asks them. Part of the product.",
    ),
}


def chapters(desk: Desk) -> list[Chapter]:
    entries = {
        "levels": _levels(desk),
        "caps": _caps(desk),
        "excesses": _excesses(desk),
        "buffers": _buffers(desk),
        "instrument-buffers": _instrument_buffers(),
        "schedules": _schedules(),
        "haircuts": _haircuts(),
        "guards": _guards(),
        "hours": _hours(),
        "profiles": [
            Entry(name, Said(words.of_profile(one), None)) for name, one in sorted(PROFILES.items())
        ],
    }
    return [Chapter(name, title, about, entries[name]) for name, (title, about) in TITLES.items()]


def waiting(desk: Desk) -> "QuerySet[Proposal]":
    """What one person has proposed and nobody decided: of the desk, or of the whole house."""
    mine = Proposal.objects.filter(state=Proposal.State.PROPOSED, desk__in=[desk])
    house = Proposal.objects.filter(state=Proposal.State.PROPOSED, desk__isnull=True)
    return (mine | house).select_related("proposed_by", "desk").order_by("-id")


def _levels(desk: Desk) -> list[Entry]:
    own = _versions(DeskPolicy.objects.filter(desk=desk), lambda row: (desk.name,), words.of_policy)
    built_in = Said(words.of_policy(DeskPolicy()), None)
    return own or [Entry(desk.name, built_in, more="Built in: this desk has no policy of its own.")]


def _caps(desk: Desk) -> list[Entry]:
    rows = Limit.objects.filter(desk=desk).select_related("client", "sub_account", "instrument")
    currency = desk.reporting_currency.code
    return _versions(rows, _place_of_limit, lambda row: words.of_limit(row, currency))


def _excesses(desk: Desk) -> list[Entry]:
    currency = desk.reporting_currency.code
    return _versions(
        TemporaryExcess.objects.filter(desk=desk).select_related("client"),
        lambda row: (row.client.code, f"{row.client} · {row.get_kind_display()}"),
        lambda row: words.of_excess(row, currency),
    )


def _buffers(desk: Desk) -> list[Entry]:
    rows = HouseBuffer.objects.filter(desk=desk).select_related("client", "sub_account")
    return _versions(rows, _place_of_buffer, words.of_buffer)


def _instrument_buffers() -> list[Entry]:
    rows = InstrumentBuffer.objects.select_related("instrument")
    return _versions(rows, lambda row: (row.instrument.code,), words.of_instrument_buffer)


def _place_of_limit(row: Limit) -> tuple[str, ...]:
    """The widest first."""
    whom = row.instrument or row.sub_account or row.client or row.get_regulatory_class_display() or "Desk"
    if row.cap_class:
        whom = f"{formats.asset_class(row.cap_class)}, {row.get_regulatory_class_display() or 'everybody'}"
    rank = list(Limit.Scope.values).index(row.scope)
    return (str(rank), f"{row.get_kind_display()} · {whom}")


def _place_of_buffer(row: HouseBuffer) -> tuple[str, ...]:
    whom = row.sub_account or row.client or row.get_regulatory_class_display() or "Desk"
    rank = 3 if row.sub_account_id else 2 if row.client_id else 1 if row.regulatory_class else 0
    return (str(rank), str(whom))


def _versions(
    rows: "QuerySet[Version]",
    subject: Callable[[Version], tuple[str, ...]],
    tell: Callable[[Version], str],
    more: Callable[[Version], dict[str, Any]] = lambda row: {},
) -> list[Entry]:
    """One entry a subject, by its newest version; older ones are its history."""
    found: dict[tuple[str, ...], list[Version]] = defaultdict(list)
    people = ("proposal__proposed_by", "proposal__approved_by")
    for row in rows.select_related(*people).order_by("-revision_from"):
        found[subject(row)].append(row)
    return [
        _entry(key[-1], versions, tell, more)
        for key, versions in sorted(found.items(), key=lambda one: one[0])
    ]


def _entry(
    subject: str,
    versions: list[Version],
    tell: Callable[[Version], str],
    more: Callable[[Version], dict[str, Any]],
) -> Entry:
    newest, now = versions[0], clock.now()
    note = ""
    if newest.revision_to is not None:
        note = "ended"
    elif newest.valid_at > now:
        note = "not yet"
    elif getattr(newest, "valid_to", None) and newest.valid_to <= now:
        note = "over"
    ends = [None, *(row.valid_at for row in versions)]
    told = [_said(row, tell(row), until) for row, until in zip(versions, ends, strict=False)]
    return Entry(subject, told[0], told[1 : MOST_BEFORE + 1], note, **more(newest))


def _said(row: ProposedVersion, sentence: str, ended: datetime | None) -> Said:
    proposal = row.proposal
    if proposal is None:
        return Said(sentence, row.valid_at, ended=ended)
    return Said(
        sentence,
        row.valid_at,
        str(proposal.approved_by or ""),
        str(proposal.proposed_by),
        proposal.reason,
        ended,
    )


def _schedules() -> list[Entry]:
    rows = ScheduleVersion.objects.select_related("schedule").prefetch_related(
        "tiers", "schedule__instruments"
    )

    def more(row: ScheduleVersion) -> dict[str, Any]:
        tiers = [
            (
                words.amount(tier.floor),
                words.share(tier.maintenance_rate, 4),
                words.share(tier.initial_rate, 4),
                words.amount(tier.cap) if tier.cap else "",
            )
            for tier in row.tiers.all()
        ]
        users = sorted(one.code for one in row.schedule.instruments.all())
        used = f"Used by {', '.join(users)}." if users else "No instrument uses it."
        return {"tiers": tiers, "heads": ("From", "Maintenance", "Initial", "Largest leg"), "more": used}

    return _versions(rows, lambda row: (row.schedule.code,), words.of_schedule, more)


def _haircuts() -> list[Entry]:
    rows = HaircutVersion.objects.select_related("asset").prefetch_related("tiers")

    def more(row: HaircutVersion) -> dict[str, Any]:
        tiers = [(words.amount(t.floor), words.share(t.haircut, 4)) for t in row.tiers.all()]
        return {"tiers": tiers if len(tiers) > 1 else (), "heads": ("From value", "Haircut")}

    return _versions(rows, lambda row: (row.asset.code,), words.of_haircut, more)


def _hours() -> list[Entry]:
    return [Entry(one.code, Said(words.of_hours(one), None), more=one.name) for one in Calendar.objects.all()]


def _guards() -> list[Entry]:
    """Columns of the instrument: who approved them is told by the proposals that were."""
    kinds = (Proposal.Kind.INSTRUMENT_TERMS, Proposal.Kind.PRICE_SOURCE)
    changed: dict[str, list[Said]] = defaultdict(list)
    done = Proposal.objects.filter(kind__in=kinds, state=Proposal.State.APPROVED)
    for one in done.select_related("proposed_by", "approved_by").order_by("-id"):
        code = str(one.change.get("code") or one.change.get("instrument") or "")
        changed[code].append(
            Said(one.subject, one.decided_at, str(one.approved_by or ""), str(one.proposed_by), one.reason)
        )
    ranked = Prefetch("sources", InstrumentSource.objects.select_related("source").order_by("rank"))
    found = []
    for row in Instrument.objects.prefetch_related(ranked):
        said = changed[row.code]
        newest = said[0] if said else None
        now = Said(words.of_guard(row), newest.since if newest else None, newest.by if newest else "")
        found.append(Entry(row.code, now, said[:MOST_BEFORE], "" if row.active else "not traded"))
    return found
