"""What a book holds: the facts of one shard as frozen values, in the engine's own numbers.

Takes nothing, gives nouns. `Rules` is everything that changes under the house's revision: it is replaced
whole. Positions and balances change under the shard's revision, one at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from margin.engine.calendar import TradingCalendar
from margin.engine.call import CallPolicy
from margin.engine.measures import AnyKind
from margin.engine.rational import Fraction
from margin.engine.types import AssetTerms, Instrument, Mode, Policy


@dataclass(frozen=True, slots=True)
class DeskFact:
    id: int
    code: str
    currency: str
    policy: Policy
    calls: CallPolicy = field(default_factory=CallPolicy)


@dataclass(frozen=True, slots=True)
class ClientFact:
    id: int
    code: str
    name: str
    desk_id: int
    regulatory_class: str


@dataclass(frozen=True, slots=True)
class AccountFact:
    id: int
    code: str
    name: str
    client_id: int
    mode: str
    base: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """How an instrument's prices are trusted: its sources in order, its patience, its band."""

    id: int
    code: str
    sources: tuple[str, ...]
    soft_seconds: int
    hard_seconds: int
    guard_band: Fraction
    calendar: TradingCalendar
    price_places: int


@dataclass(frozen=True, slots=True)
class BufferFact:
    """A house buffer in force; None is blank and inherits."""

    desk_id: int
    regulatory_class: str
    client_id: int | None
    sub_account_id: int | None
    buffer: Fraction | None


@dataclass(frozen=True, slots=True)
class LimitFact:
    """A cap, in force by revision; effective between two instants."""

    id: int
    revision: int
    desk_id: int
    kind: AnyKind
    scope: str
    regulatory_class: str
    client_id: int | None
    sub_account_id: int | None
    instrument: str
    warn: Fraction | None
    value: Fraction
    valid_at: datetime
    valid_to: datetime | None
    cap_class: str = ""

    @property
    def place(self) -> tuple[object, ...]:
        """What it limits: of several versions of one place, one is in effect."""
        whom = (self.regulatory_class, self.client_id, self.sub_account_id, self.instrument, self.cap_class)
        return (self.kind, self.desk_id, self.scope, *whom)


@dataclass(frozen=True, slots=True)
class ExcessFact:
    """Until its end a client's caps of one kind are at least this."""

    id: int
    desk_id: int
    client_id: int
    kind: AnyKind
    value: Fraction
    valid_at: datetime
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class Edge:
    """The mark of `instrument` is the price of one `base` in `quote`."""

    base: str
    quote: str
    instrument: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All house-wide facts a shard is computed with, as of one house revision."""

    revision: int
    desks: Mapping[int, DeskFact]
    clients: Mapping[int, ClientFact]
    accounts: Mapping[int, AccountFact]
    instruments: Mapping[int, Instrument]
    guarded: Mapping[str, Guarded]
    terms: Mapping[str, AssetTerms]
    scales: Mapping[str, int]
    buffers: Sequence[BufferFact]
    limits: Sequence[LimitFact]
    edges: Sequence[Edge]
    faults: Mapping[str, str]
    """Instruments and assets whose terms cannot be used, with the reason."""
    excesses: Sequence[ExcessFact] = ()

    @property
    def dated(self) -> Iterator[LimitFact | ExcessFact]:
        """What begins and ends by the clock, without a revision of its own."""
        yield from self.limits
        yield from self.excesses

    def desk_of(self, account: AccountFact) -> DeskFact:
        return self.desks[self.clients[account.client_id].desk_id]


@dataclass(frozen=True, slots=True)
class PositionFact:
    """One open version of a position."""

    version: int
    account_id: int
    ref: str
    instrument_id: int
    mode: Mode
    quantity: Fraction
    entry_price: Fraction
    leverage: Fraction | None
    venue: str
    strategy: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A sub-account that cannot be put to the engine, and why: its figures are unknown."""

    code: str
    base: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuoteFact:
    """The newest price of one source, and its last one beyond doubt."""

    source: str
    received_at: datetime
    doubt: str
    confirmed_price: Fraction | None
    confirmed_time: datetime | None


@dataclass(frozen=True, slots=True)
class Revisions:
    """How far a book reaches: every fact at or below these is in it, none above.

    `read_at`, by the database's clock, is when they were seen: nouns carry no revision and are found by it.
    """

    shard: int
    house: int
    read_at: datetime | None = field(default=None, compare=False)
