"""Allowed orders that may still fill, and fills that no snapshot of positions has told yet: in memory.

Takes what the journal has committed; gives, per account, the orders that rest and the fills to lay over the
book. Decides nothing and writes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from margin.engine.rational import Fraction
from margin.engine.types import ZERO

RESTING, LAPSED = "resting", "lapsed"
Key = tuple[int, str]
"""An order's name: the desk and the platform's id."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A part that was filled: signed, at a price if one was told."""

    quantity: Fraction
    price: Fraction | None
    as_of: datetime


@dataclass(slots=True)
class Held:
    """One allowed order. `quantity` is signed and whole, `filled` is without sign."""

    key: Key
    account_id: int
    instrument: str
    mode: str
    ref: str
    quantity: Fraction
    price: Fraction | None
    isolated_margin: Fraction
    expires_at: datetime
    decision_id: int = 0
    filled: Fraction = ZERO
    state: str = RESTING
    as_of: datetime | None = None
    fills: list[Filled] = field(default_factory=list)
    busy: bool = False

    @property
    def sign(self) -> int:
        return 1 if self.quantity > 0 else -1

    @property
    def remaining(self) -> Fraction:
        """Signed; nothing once its end was told."""
        return self.sign * (abs(self.quantity) - self.filled) if self.state == RESTING else ZERO


class Reservations:
    """By account in the order of acceptance, and by name. `version` counts an account's changes."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Held] = {}
        self.by_account: dict[int, list[Held]] = {}
        self.versions: dict[int, int] = {}
        self.with_fills: dict[Key, Held] = {}
        """Kept apart: it is looked through at every look at the desk."""

    def add(self, held: Held) -> None:
        self.by_key[held.key] = held
        self.by_account.setdefault(held.account_id, []).append(held)
        self.note(held)

    def note(self, held: Held) -> None:
        """Something of it changed."""
        if held.fills:
            self.with_fills[held.key] = held
        self.touch(held.account_id)

    def drop(self, held: Held) -> None:
        self.by_key.pop(held.key, None)
        self.with_fills.pop(held.key, None)
        own = self.by_account.get(held.account_id, [])
        if held in own:
            own.remove(held)
        if not own:
            self.by_account.pop(held.account_id, None)
        self.touch(held.account_id)

    def clear(self) -> None:
        for account_id in list(self.by_account):
            self.touch(account_id)
        self.by_key.clear()
        self.with_fills.clear()
        self.by_account.clear()

    def touch(self, account_id: int) -> None:
        self.versions[account_id] = self.versions.get(account_id, 0) + 1

    def of(self, account_id: int) -> list[Held]:
        return self.by_account.get(account_id, [])

    def version(self, account_id: int) -> int:
        return self.versions.get(account_id, 0)

    def unsettled(self) -> set[int]:
        """Accounts with fills that lie over the book."""
        return {held.account_id for held in self.with_fills.values()}

    def overdue(self, now: datetime) -> list[Held]:
        return [
            held for held in self.by_key.values()
            if held.state == RESTING and held.expires_at <= now and held.decision_id and not held.busy
        ]  # fmt: skip

    def settle(self, told: Mapping[tuple[int, str], datetime]) -> Iterator[Held]:
        """Fills that a snapshot as new has told; gives the orders that have none left."""
        for held in list(self.with_fills.values()):
            reach = told.get((held.account_id, held.instrument)) or told.get((held.account_id, ""))
            left = [one for one in held.fills if reach is None or one.as_of > reach]
            if len(left) == len(held.fills):
                continue
            held.fills = left
            self.touch(held.account_id)
            if not left:
                self.with_fills.pop(held.key, None)
                yield held
