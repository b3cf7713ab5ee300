"""What a source tells of positions and cash, and what came of it: plain values, without rows or rules."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ISOLATED = "isolated"
SIDES = ("long", "short")


@dataclass(frozen=True, slots=True)
class PositionReport:
    """One position as its source sees it. A quantity of 0 closes it.

    `isolated_margin` is what its pocket is to hold, `realised_pnl` what it has realised so far; both are in
    the account's base currency.
    """

    account: str
    instrument: str
    mode: str
    quantity: Decimal
    entry_price: Decimal
    ref: str = ""
    isolated_margin: Decimal | None = None
    realised_pnl: Decimal | None = None
    venue: str = ""
    strategy: str = ""
    leverage: Decimal | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two reports speak of the same position, but for the side of a hedge."""
        return (self.instrument, self.mode, self.venue, self.strategy)

    def default_ref(self, side: str = "") -> str:
        """`instrument|mode|side|venue|strategy`, without the bars that would end it."""
        return "|".join((self.instrument, self.mode, side, self.venue, self.strategy)).rstrip("|")


@dataclass(frozen=True, slots=True)
class CashReport:
    """Money that came into a wallet from outside (or, negative, left it), named once for ever."""

    account: str
    asset: str
    amount: Decimal
    reference: str


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """What one source says of some accounts at one time. `accounts` names those it covers besides."""

    source: str
    as_of: datetime
    positions: tuple[PositionReport, ...] = ()
    cash: tuple[CashReport, ...] = ()
    replace: bool = False
    accounts: tuple[str, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        told = {line.account for line in self.positions} | {line.account for line in self.cash}
        return frozenset(self.accounts) | told


@dataclass(frozen=True, slots=True)
class PositionOutcome:
    """What became of one position: opened, changed, closed or unchanged."""

    account: str
    ref: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A snapshot that was taken in whole; of cash, which references were posted now and which were known."""

    positions: tuple[PositionOutcome, ...] = ()
    cash: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """The desk knows something newer from this source about this account."""

    account: str
    stored: datetime
