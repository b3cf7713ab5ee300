"""Limits, buffers and excesses as texts for the page `/limits/`.

Takes rows of the database and of `margin.whatif`; gives dictionaries for templates. Decides nothing.
"""

from datetime import datetime
from typing import Any

from accounts.models import Desk, HouseBuffer, Proposal
from accounts.models.columns import ProposedVersion
from margin import formats
from margin.engine.measures import UNITS, Unit, any_kind
from margin.flow.proposal_words import measured_as, shown_value, value_of
from margin.models import InstrumentBuffer, Limit, TemporaryExcess
from margin.pages.rows import bar_share
from margin.whatif.limits_in_force import UNBOUNDED, InForce

MOST_EARLIER = 12
NEAR, BROKEN = "Near", ("Broken", "Not cured yet")
"""A breach stands until the figure is within 99.5 % of its limit: no longer above it, not kept yet."""
SCOPES = {
    Limit.Scope.DESK: "the whole desk",
    Limit.Scope.CLASS: "a class",
    Limit.Scope.CLIENT: "a client",
    Limit.Scope.SUB_ACCOUNT: "a sub-account",
    Limit.Scope.INSTRUMENT: "an instrument",
    Limit.Scope.ASSET_CLASS: "an asset class",
}


def whom(limit: Limit) -> str:
    """Upon whom, in a word."""
    named = limit.client or limit.sub_account or limit.instrument
    if named is not None:
        return str(named.code)
    if limit.cap_class:
        of = limit.get_regulatory_class_display() or "everybody"
        return f"{formats.asset_class(limit.cap_class).capitalize()} of {of}"
    return str(limit.get_regulatory_class_display() or f"Everybody on {limit.desk.name}")


def limit_row(row: InForce, now: datetime) -> dict[str, Any]:
    limit = row.limit
    level, word = state_of(row, now)
    unit = f" {limit.desk.reporting_currency.code}"
    return {
        "limit": limit,
        "pk": limit.pk,
        "whom": whom(limit),
        "scope": SCOPES[Limit.Scope(limit.scope)],
        "kind": limit.get_kind_display(),
        "value": value_of(limit, limit.value),
        "warn": value_of(limit, limit.warns_from).removesuffix(unit),
        "warns_by_default": limit.warn is None,
        "measured": measured_of(row),
        "told_at": row.told_at,
        "who": row.who,
        "who_is": row.who_is,
        "use": bar_share(None if row.use is None else f"{min(row.use, 9.0):.6f}", absent="0"),
        "share": "below warning" if row.told and row.use is None else share_of(row.use),
        "asked": row.asked,
        "near": row.near,
        "over": row.over,
        "broken": row.broken,
        "level": level,
        "word": word,
        "set_by": set_by(limit),
        "later": limit.valid_at > now,
    }


def measured_of(row: InForce) -> str:
    if row.measured is None:
        return formats.NONE
    if row.measured == UNBOUNDED:
        return "unbounded"
    unit = UNITS[any_kind(row.limit.kind)]
    if unit is not Unit.MONEY:
        return (
            formats.leverage(row.measured) if unit is Unit.TIMES else formats.percent(f"{row.measured:.6f}")
        )
    return formats.whole_up(f"{row.measured:.2f}")


def share_of(use: float | None) -> str:
    if use is None:
        return formats.NONE
    return "no equity" if use == UNBOUNDED else formats.percent(f"{use:.6f}")


def state_of(row: InForce, now: datetime) -> tuple[str, str]:
    """The level its colour is taken from, and its word."""
    if row.limit.valid_at > now:
        return "watch", "Begins later"
    if row.broken or row.over:
        return "liquidation", BROKEN[0 if row.over else 1]
    if row.near:
        return "danger", NEAR
    return "normal", "Kept" if row.asked or row.told else "Not used"


def set_by(version: ProposedVersion) -> str:
    proposal = version.proposal
    if proposal is None:
        return "set-up"
    return f"{proposal.proposed_by}, approved by {proposal.approved_by}"


def buffer_row(row: HouseBuffer | InstrumentBuffer) -> dict[str, Any]:
    if isinstance(row, InstrumentBuffer):
        place, scope, kind = row.instrument.code, "on top, for every desk", Proposal.Kind.INSTRUMENT_BUFFER
    else:
        place, scope = _buffered(row)
        kind = Proposal.Kind.BUFFER
    return {
        "pk": row.pk,
        "kind": kind.value,
        "whom": place,
        "scope": scope,
        "value": "inherits" if row.buffer is None else formats.percent(row.buffer, 2),
        "set_by": set_by(row),
        "valid_at": row.valid_at,
    }


def _buffered(row: HouseBuffer) -> tuple[str, str]:
    if row.sub_account is not None:
        return row.sub_account.code, "a sub-account"
    if row.client is not None:
        return row.client.code, "a client"
    if row.regulatory_class:
        return str(row.get_regulatory_class_display()), "a class"
    return f"Everybody on {row.desk.name}", "the whole desk"


def earlier_excesses(desk: Desk, client: str, *, but: int = 0) -> list[dict[str, Any]]:
    """What this client has asked for before, and what became of it: the second person weighs it."""
    asked = Proposal.objects.filter(kind=Proposal.Kind.EXCESS, desk=desk, change__client=client)
    rows = asked.exclude(pk=but).select_related("proposed_by", "decided_by").order_by("-id")
    return [
        {
            "proposal": row,
            "kind": dict(Limit.Kind.choices).get(row.change.get("kind", ""), ""),
            "value": shown_value("value", row.change.get("value"), measured_as(row)),
            "until": shown_value("valid_to", row.change.get("valid_to")),
        }
        for row in (rows[:MOST_EARLIER] if client else ())
    ]


def excess_row(excess: TemporaryExcess, now: datetime) -> dict[str, Any]:
    """`limits` know how a value of their kind is written."""
    return {
        "excess": excess,
        "kind": excess.get_kind_display(),
        "value": value_of(Limit(desk=excess.desk, kind=excess.kind), excess.value),
        "set_by": set_by(excess),
        "later": excess.valid_at > now,
    }
