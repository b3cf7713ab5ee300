"""Restrictions as whoever decides or shows needs them: everything in force at one revision of control.

Takes the rows; gives `Controls`, an immutable value that says of an account, and of what it orders, which
restriction binds. The gate, the cycle and the pages ask this one. Decides nothing about margin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max, Q

from accounts.models import SubAccount
from accounts.models.clients import Status
from margin.engine.verdict import Control
from margin.models import ControlChange, Restriction

Scope = Restriction.Scope
Key = tuple[str, str, str]
"""Scope, the desk it is narrowed to (or none), and the code it is on."""
NOT_ACTIVE = "The account or its client is suspended or closed."
RELATED = ("desk", "client", "sub_account", "instrument", "venue", "imposed_by")


@dataclass(frozen=True, slots=True)
class Imposed:
    """One restriction. `whom` what it is on, `who` its author."""

    number: int
    control: Control
    whom: str
    who: str
    reason: str
    since: datetime
    expires_at: datetime | None

    def holds(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    @property
    def name(self) -> str:
        return f"restriction {self.number} on {self.whom}"

    @property
    def said(self) -> str:
        """Who, since when and why, in a sentence for whoever is held back."""
        word = "frozen" if self.control is Control.FROZEN else "may only reduce"
        is_one = "" if word.startswith("may") else "is "
        whom = self.whom[0].upper() + self.whom[1:]
        return f"{whom} {is_one}{word} since {self.since:%Y-%m-%d %H:%M:%S} UTC, by {self.who}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Controls:
    """All that is in force, by what it is on. `inactive` are accounts that are suspended or closed."""

    revision: int = 0
    by_key: Mapping[Key, tuple[Imposed, ...]] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()

    def binding(
        self, *, desk: str, client: str, account: str, instrument: str = "", venue: str = "", now: datetime
    ) -> Imposed | None:
        """The tightest on an account, and on what it orders if that is said; of equals the oldest."""
        if not self.by_key:
            return None
        keys: list[Key] = [
            (Scope.ALL, "", ""), (Scope.DESK, desk, desk), (Scope.CLIENT, desk, client),
            (Scope.ACCOUNT, desk, account),
        ]  # fmt: skip
        for scope, code in ((Scope.INSTRUMENT, instrument), (Scope.VENUE, venue)):
            keys += [(scope, "", code), (scope, desk, code)] if code else []
        holding = [one for key in keys for one in self.by_key.get(key, ()) if one.holds(now)]
        return min(holding, key=_tightest_first, default=None)

    def of_row(self, row: Mapping[str, str], now: datetime) -> Control:
        """The control of an account as a row of the frame names it."""
        bound = self.binding(desk=row["desk"], client=row["client"], account=row["account"], now=now)
        if bound is not None:
            return bound.control
        return Control.REDUCE_ONLY if row["account"] in self.inactive else Control.OPEN

    @property
    def is_empty(self) -> bool:
        return not self.by_key and not self.inactive


def _tightest_first(one: Imposed) -> tuple[bool, int]:
    return one.control is not Control.FROZEN, one.number


def revision_of_control() -> int:
    """Of the newest committed change; 0 before the first."""
    return int(ControlChange.objects.aggregate(newest=Max("revision"))["newest"] or 0)


def load_controls() -> Controls:
    """As of now. The revision is read first: what is in force may be newer than it says, never older."""
    revision = revision_of_control()
    rows = Restriction.objects.filter(lifted_at__isnull=True).select_related(*RELATED)
    return Controls(revision, _keyed(rows), inactive_accounts())


def inactive_accounts() -> frozenset[str]:
    """The accounts that are suspended or closed, themselves or by their client."""
    closed = ~Q(status=Status.ACTIVE) | ~Q(client__status=Status.ACTIVE)
    return frozenset(SubAccount.objects.filter(closed).values_list("code", flat=True))


def controls_at(instant: datetime) -> Controls:
    """As they were then: who was suspended is not remembered here."""
    lifted_later = Q(lifted_at__isnull=True) | Q(lifted_at__gt=instant)
    rows = Restriction.objects.filter(lifted_later, imposed_at__lte=instant)
    return Controls(0, _keyed(rows.select_related(*RELATED)))


def imposed_of(row: Restriction) -> Imposed:
    return Imposed(
        number=row.pk,
        control=Control(row.state),
        whom=row.whom,
        who=row.author,
        reason=row.reason,
        since=row.imposed_at,
        expires_at=row.expires_at,
    )


def standing(now: datetime) -> Q:
    """In force: neither lifted nor over."""
    return Q(lifted_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))


def _keyed(rows: Iterable[Restriction]) -> dict[Key, tuple[Imposed, ...]]:
    found: dict[Key, tuple[Imposed, ...]] = {}
    for row in rows:
        key = key_of(row)
        found[key] = (*found.get(key, ()), imposed_of(row))
    return found


def key_of(row: Restriction) -> Key:
    on = row.sub_account or row.client or row.instrument or row.venue or row.desk
    return row.scope, row.desk.code if row.desk else "", on.code if on else ""
