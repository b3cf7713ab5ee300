"""What applies to whom: the house buffer of a sub-account, the caps of a client, and where each comes from.

Takes rules and an instant; gives the effective values with their provenance. Of buffers the most specific
counts (blank inherits, zero is a value); of caps the tightest (a missing one is told as missing).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from margin.book.facts import AccountFact, BufferFact, ClientFact, LimitFact, Rules
from margin.engine.limits import Cap, tightest
from margin.engine.measures import AnyKind
from margin.engine.rational import Fraction
from margin.engine.types import effective_buffer


@dataclass(frozen=True, slots=True)
class EffectiveBuffer:
    """`source` says in words where it comes from; empty where nobody set one."""

    buffer: Fraction
    source: str


class Buffers:
    """The house buffers in force."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.set_for = {(fact.desk_id, *_place(fact)): fact.buffer for fact in rules.buffers}

    def of(self, account: AccountFact) -> EffectiveBuffer:
        """The most specific of sub-account, client, class and desk."""
        client, desk = self.rules.clients[account.client_id], self.rules.desk_of(account)
        value, scope = effective_buffer(
            desk=self.set_for.get((desk.id, "desk", "")),
            client_class=self.set_for.get((desk.id, "client_class", client.regulatory_class)),
            client=self.set_for.get((desk.id, "client", client.id)),
            sub_account=self.set_for.get((desk.id, "sub_account", account.id)),
        )
        names = {
            "sub_account": f"sub-account {account.code}",
            "client": f"client {client.code}",
            "client_class": f"class {client.regulatory_class} of {desk.code}",
            "desk": f"desk {desk.code}",
        }
        return EffectiveBuffer(value, names.get(scope, ""))


def _place(fact: BufferFact) -> tuple[str, int | str]:
    if fact.sub_account_id is not None:
        return "sub_account", fact.sub_account_id
    if fact.client_id is not None:
        return "client", fact.client_id
    return ("client_class", fact.regulatory_class) if fact.regulatory_class else ("desk", "")


class Caps:
    """The caps in effect at one instant, of every kind."""

    def __init__(self, rules: Rules, at: datetime) -> None:
        self.rules = rules
        self.by_place = {limit.place: limit for limit in in_effect(rules.limits, at)}
        self._kinds = {limit.kind for limit in self.by_place.values()}
        self.excesses = {
            (one.kind, one.client_id): one for one in rules.excesses if one.valid_at <= at < one.valid_to
        }
        self.limit_ids: dict[tuple[AnyKind, str], int] = {}
        """Which limit version is behind a cap's kind and name."""
        self._on_instruments: dict[tuple[AnyKind, int], Mapping[str, Cap]] = {}
        self._on_asset_classes: dict[tuple[AnyKind, int, str], Mapping[str, Cap]] = {}

    def has(self, kind: AnyKind) -> bool:
        """Whether anybody has a cap of this kind."""
        return kind in self._kinds

    def of_client(self, kind: AnyKind, client: ClientFact) -> list[Cap]:
        """Desk, class and client caps: each is asked of the client over all its sub-accounts."""
        desk, own_class = self.rules.desks[client.desk_id], client.regulatory_class
        found = [
            self._named(kind, f"desk {desk.code}", (desk.id, "desk", "", None, None, "", "")),
            self._named(
                kind, f"class {own_class} of {desk.code}", (desk.id, "class", own_class, None, None, "", "")
            ),
            self._named(kind, f"client {client.code}", (desk.id, "client", "", client.id, None, "", "")),
        ]
        return [self._in_excess(kind, client, cap) for cap in found if cap is not None]

    def _in_excess(self, kind: AnyKind, client: ClientFact, cap: Cap) -> Cap:
        """A cap below what the client may use for a while stands there, and says so in its name."""
        excess = self.excesses.get((kind, client.id))
        if excess is None or excess.value <= cap.limit:
            return cap
        name = f"{cap.name}, in excess until {excess.valid_to:%Y-%m-%d %H:%M} UTC"
        self.limit_ids[kind, name] = self.limit_ids[kind, cap.name]
        return replace(cap, name=name, limit=excess.value)

    def of_account(self, kind: AnyKind, account: AccountFact) -> Cap | None:
        """A sub-account's own cap, where it has one."""
        place = (self.rules.desk_of(account).id, "sub_account", "", None, account.id, "", "")
        return self._named(kind, f"sub-account {account.code}", place)

    def of_instruments(self, kind: AnyKind, desk_id: int) -> Mapping[str, Cap]:
        """The caps that a desk has on single instruments, by code."""
        if (kind, desk_id) not in self._on_instruments:
            found = {code: self._of_instrument(kind, desk_id, code) for code in self._capped()}
            own = {code: cap for code, cap in found.items() if cap is not None}
            self._on_instruments[kind, desk_id] = own
        return self._on_instruments[kind, desk_id]

    def of_asset_classes(self, kind: AnyKind, client: ClientFact) -> Mapping[str, Cap]:
        """The caps on what a client holds of an asset class: its own class's, or everybody's if tighter."""
        key = (kind, client.desk_id, client.regulatory_class)
        if key not in self._on_asset_classes:
            named = sorted({limit.cap_class for limit in self.by_place.values() if limit.cap_class})
            found = {asset: tightest(self._of_asset_class(kind, client, asset)) for asset in named}
            self._on_asset_classes[key] = {asset: cap for asset, cap in found.items() if cap is not None}
        return self._on_asset_classes[key]

    def _of_asset_class(self, kind: AnyKind, client: ClientFact, asset: str) -> list[Cap]:
        desk = self.rules.desks[client.desk_id].code
        found = [
            self._named(
                kind,
                f"{asset} of {f'class {own} of ' if own else ''}{desk}",
                (client.desk_id, "asset_class", own, None, None, "", asset),
            )
            for own in ("", client.regulatory_class)
        ]
        return [cap for cap in found if cap is not None]

    def _capped(self) -> set[str]:
        return {limit.instrument for limit in self.by_place.values() if limit.instrument}

    def _of_instrument(self, kind: AnyKind, desk_id: int, instrument: str) -> Cap | None:
        name = f"instrument {instrument} of {self.rules.desks[desk_id].code}"
        return self._named(kind, name, (desk_id, "instrument", "", None, None, instrument, ""))

    def _named(self, kind: AnyKind, name: str, whom: tuple[object, ...]) -> Cap | None:
        limit = self.by_place.get((kind, *whom))
        if limit is None:
            return None
        self.limit_ids[kind, name] = limit.id
        return _cap(name, limit)


def _cap(name: str, limit: LimitFact) -> Cap:
    """It warns at a share of itself; blank is the engine's default."""
    if limit.warn is None:
        return Cap(name, limit.scope, limit.value)
    return Cap(name, limit.scope, limit.value, warn_at=limit.warn / limit.value)


def in_effect(limits: Sequence[LimitFact], at: datetime) -> list[LimitFact]:
    """Per place the newest version whose time has come, unless its time is over."""
    newest: dict[tuple[object, ...], LimitFact] = {}
    for limit in sorted(limits, key=lambda limit: limit.revision):
        if limit.valid_at <= at:
            newest[limit.place] = limit
    return [limit for limit in newest.values() if limit.valid_to is None or limit.valid_to > at]
