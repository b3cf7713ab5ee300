"""What only two people change, as a table: of each kind of proposal the noun, what names it, and its values.

Most kinds are versions of their own. The terms of a noun that one person edits otherwise (an instrument,
an asset, a client) are columns of its row: approval writes them there, and its history keeps what they were.
"""

from dataclasses import dataclass

from django.db import models

from accounts.models import Asset, Client, HouseBuffer, Proposal, RoleGrant
from accounts.models.columns import ProposedVersion
from margin.models import (
    Calendar,
    DeskPolicy,
    HaircutTier,
    HaircutVersion,
    Instrument,
    InstrumentBuffer,
    InstrumentSource,
    Limit,
    Loading,
    RatePath,
    Restriction,
    ScheduleVersion,
    TemporaryExcess,
    Tier,
)


@dataclass(frozen=True, slots=True)
class Ruled:
    """Which columns say what it is, which its values. `stands`: its row is made and kept by one person.

    `dated`: it may name the instant from which it counts; another counts from its approval. `until`: the
    column that says when such a row ended, which is all that is proposed of it.
    """

    model: type[models.Model]
    identity: tuple[str, ...]
    values: tuple[str, ...]
    rows: type[models.Model] | None = None
    row_values: tuple[str, ...] = ()
    stands: bool = False
    dated: bool = False
    until: str = ""

    @property
    def versioned(self) -> bool:
        return issubclass(self.model, ProposedVersion)


RULED: dict[str, Ruled] = {
    Proposal.Kind.LIMIT: Ruled(
        Limit,
        ("desk", "kind", "scope", "regulatory_class", "client", "sub_account", "instrument", "cap_class"),
        ("value", "warn", "valid_to"),
        dated=True,
    ),
    Proposal.Kind.EXCESS: Ruled(
        TemporaryExcess, ("desk", "client", "kind"), ("value", "valid_to"), dated=True
    ),
    Proposal.Kind.LIFT: Ruled(
        Restriction,
        ("desk", "id"),
        ("scope", "state", "reason", "imposed_at", "expires_at"),
        until="lifted_at",
    ),
    Proposal.Kind.BUFFER: Ruled(
        HouseBuffer, ("desk", "regulatory_class", "client", "sub_account"), ("buffer",)
    ),
    Proposal.Kind.INSTRUMENT_BUFFER: Ruled(InstrumentBuffer, ("instrument",), ("buffer",)),
    Proposal.Kind.SCHEDULE: Ruled(
        ScheduleVersion, ("schedule",), (), Tier,
        ("floor", "initial_rate", "maintenance_rate", "maintenance_amount", "cap"),
    ),
    Proposal.Kind.HAIRCUT: Ruled(
        HaircutVersion, ("asset",), ("liability_initial_rate", "liability_maintenance_rate"), HaircutTier,
        ("floor", "haircut"),
    ),
    Proposal.Kind.POLICY: Ruled(
        DeskPolicy,
        ("desk",),
        (
            "watch", "at_risk", "danger", "target", "at_threshold", "offsets",
            "call_minimum", "call_minutes", "urgent_call_minutes", "issue_after_minutes",
        ),
    ),
    Proposal.Kind.ROLE: Ruled(RoleGrant, ("user", "desk", "role"), ()),
    Proposal.Kind.INSTRUMENT_TERMS: Ruled(
        Instrument,
        ("code",),
        (
            "product", "asset_class", "tick", "lot",
            "schedule", "fee_rate", "cap_class", "underlying", "allow_negative", "reference_price",
            "calendar", "stale_soft_seconds", "stale_hard_seconds", "jump_band", "guard_band", "active",
        ),
        stands=True,
    ),
    Proposal.Kind.ASSET_TERMS: Ruled(Asset, ("code",), ("shock_loading", "step"), stands=True),
    Proposal.Kind.CLIENT_CLASS: Ruled(Client, ("desk", "code"), ("regulatory_class",), stands=True),
    Proposal.Kind.TRADING_HOURS: Ruled(Calendar, ("code",), ("zone", "sessions", "holidays"), stands=True),
    Proposal.Kind.PRICE_SOURCE: Ruled(InstrumentSource, ("instrument", "source"), ("rank",)),
    Proposal.Kind.RATE_PATH: Ruled(RatePath, ("base", "quote"), ("instrument",)),
    Proposal.Kind.LOADING: Ruled(Loading, ("instrument", "factor"), ("loading",)),
}  # fmt: skip


def terms_of(model: type[models.Model]) -> tuple[str, ...]:
    """The columns of a standing row that only a proposal changes."""
    found = (ruled.values for ruled in RULED.values() if ruled.stands and issubclass(model, ruled.model))
    return next(found, ())
