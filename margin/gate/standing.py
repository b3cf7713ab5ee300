"""The desk as it stands: the books of some shards, kept current by revision, with the newest marks.

Takes committed facts out of PostgreSQL; gives accounts, markets, caps and what an instrument may be ordered
at. `peek` looks and changes nothing, so it may run beside the deciding; `take_prices` swaps whole values;
`move` changes the books in place, so nobody may decide meanwhile. Writes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Max

from accounts.models import HOUSE, Desk, Shard
from margin.book.applies import Caps
from margin.book.book import Book
from margin.book.controls import Controls, Imposed, inactive_accounts
from margin.book.facts import AccountFact, Guarded, Rules, Unusable
from margin.book.marks import Pinned, pin_all
from margin.book.quotes import load_quotes
from margin.book.snapshot import snapshot
from margin.engine.calendar import is_open
from margin.engine.measures import UNITS, AnyKind, LimitKind
from margin.engine.rational import Fraction
from margin.engine.types import Account, Instrument, Market
from margin.flow.recompute import Markets
from margin.models import Instrument as InstrumentRow
from margin.models import PositionVersion, Quote, SnapshotTime
from riskdesk import clock
from riskdesk.clock import monotonic_seconds

AGES_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Listing:
    """What may be ordered, and how: `band` is how far a price may lie from the mark."""

    id: int
    code: str
    venue: str
    tick: Fraction
    band: Fraction
    active: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account stands."""

    shard: int
    account: AccountFact
    desk: str
    desk_id: int
    client: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """`net`: one of the caps is on net exposure; `plain`: all are on leverage, none on an asset class."""

    net: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found; `moved` are shards whose books must take something in."""

    moved: tuple[int, ...]
    pinned: Mapping[str, Pinned]
    told: Mapping[tuple[int, str], datetime]
    at: datetime
    looked_at: float


@dataclass(slots=True)
class Standing:
    """Everything an order is judged by. `generation` counts the changes, for whoever keeps a result."""

    books: dict[int, Book] = field(default_factory=dict)
    pinned: Mapping[str, Pinned] = field(default_factory=dict)
    told: Mapping[tuple[int, str], datetime] = field(default_factory=dict)
    """How far the sources that tell of an account's positions in an instrument reach."""
    at: datetime | None = None
    looked_at: float = 0.0
    generation: int = 0
    nouns_at: int = 0
    """The generation of accounts and instruments."""
    places: dict[str, Place] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()
    """A suspension is a revision of the house and none of control, so that it comes with the nouns."""
    controls: Controls = field(default_factory=Controls)
    """Swapped whole, by whoever listens to them: apart from the books, which may take their time."""
    heard_at: float = 0.0
    _markets: dict[int, Markets] = field(default_factory=dict)
    _caps: dict[int, Caps] = field(default_factory=dict)
    _kinds: dict[tuple[int, str], Kinds] = field(default_factory=dict)
    _open: dict[str, bool] = field(default_factory=dict)
    _nouns_of: set[int] = field(default_factory=set)
    _newest: datetime | None = None
    _pinned_at: float = 0.0

    # -- looking, beside the deciding ---------------------------------------------------------------------

    def peek(self, now: datetime, unsettled: Iterable[int]) -> Seen:
        """Revisions, marks, and how far snapshots reach for accounts with fills they have not told."""
        looked_at = monotonic_seconds()
        told = told_of(unsettled)  # before the revisions: what it tells of is in them
        numbers = dict(
            Shard.objects.filter(number__in=(HOUSE, *self.books)).values_list("number", "revision")
        )
        moved = tuple(
            shard
            for shard, book in self.books.items()
            if (numbers[shard], numbers[HOUSE]) != (book.reached.shard, book.reached.house)
        )
        return Seen(moved, self._prices(now, looked_at), told, now, looked_at)

    def _prices(self, now: datetime, looked_at: float) -> Mapping[str, Pinned]:
        """Pinned anew when one came in; and twice a second, for they age and writers overtake each other."""
        newest = Quote.objects.aggregate(at=Max("received_at"))["at"]
        if newest == self._newest and looked_at - self._pinned_at < AGES_SECONDS:
            return self.pinned
        self._newest, self._pinned_at = newest, looked_at
        return pin_all(self._guarded(), load_quotes(), now)

    def _guarded(self) -> Iterable[Guarded]:
        return next(iter(self.books.values())).rules.guarded.values() if self.books else ()

    # -- changing, while nobody decides -------------------------------------------------------------------

    def take_prices(self, seen: Seen) -> None:
        """Nothing but prices and times: kept apart from the books."""
        if self.caps_turn(seen.at):
            self.generation += 1
            self._caps.clear()
        if seen.pinned != self.pinned or seen.told != self.told:
            self.generation += 1
            self._markets.clear()
        self._open.clear()
        self.pinned, self.told, self.at, self.looked_at = seen.pinned, seen.told, seen.at, seen.looked_at

    def caps_turn(self, now: datetime) -> bool:
        """Whether the time of some limit or excess has come or gone since the last look."""
        before = self.at
        return before is None or any(
            before < turn <= now
            for book in self.books.values()
            for one in book.rules.dated
            for turn in (one.valid_at, one.valid_to)
            if turn is not None
        )

    def move(self, shards: Sequence[int], unsettled: Iterable[int], now: datetime) -> Seen:
        """The books of these shards, loaded or moved forward; then prices of the same moment."""
        looked_at = monotonic_seconds()
        told = told_of(unsettled)
        for shard in shards:
            with snapshot(shard) as reached:
                book = self.books.get(shard)
                if book is None:
                    self.books[shard] = Book.load(shard, reached, now=now)
                else:
                    book.refresh(reached, now=now)
        self.generation += 1
        self._take_nouns()
        self._markets.clear()
        self._caps.clear()
        return Seen((), pin_all(self._guarded(), load_quotes(), now), told, now, looked_at)

    def forget(self) -> None:
        """After a fault: a half-moved book must not be used."""
        self.books.clear()
        self.places.clear()
        self.pinned, self.at, self._newest = {}, None, None
        self._nouns_of = set()
        self.generation += 1
        self._markets.clear()
        self._caps.clear()

    def _take_nouns(self) -> None:
        """Whoever changes one of these rows takes a revision of the house."""
        houses = {book.reached.house for book in self.books.values()}
        if houses == self._nouns_of:
            return
        desks = dict(Desk.objects.values_list("id", "code"))
        self.places = {
            fact.code: Place(shard, fact, desks[client.desk_id], client.desk_id, client.code)
            for shard, book in self.books.items()
            for fact in book.rules.accounts.values()
            for client in (book.rules.clients[fact.client_id],)
        }
        rows = InstrumentRow.objects.values_list("id", "code", "venue__code", "tick", "jump_band", "active")
        self.listings = {
            code: Listing(number, code, venue, Fraction(tick), Fraction(band), active)
            for number, code, venue, tick, band, active in rows
        }
        self.inactive = inactive_accounts()
        self._nouns_of, self.nouns_at = houses, self.generation

    # -- asking -------------------------------------------------------------------------------------------

    def rules(self, shard: int) -> Rules:
        return self.books[shard].rules

    @property
    def age_seconds(self) -> float:
        """Since the last look: at the books or at the restrictions, whichever is longer ago."""
        return clock.monotonic_seconds() - min(self.looked_at, self.heard_at)

    def imposed(self, place: Place, code: str, now: datetime) -> Imposed | None:
        """The tightest restriction on an order of this account in this instrument."""
        venue = self.listings[code].venue
        return self.controls.binding(
            desk=place.desk, client=place.client, account=place.account.code, instrument=code, venue=venue,
            now=now,
        )  # fmt: skip

    def account(self, place: Place) -> Account | Unusable:
        return self.books[place.shard].account(place.account.id)

    def markets(self, shard: int) -> Markets:
        """The prices as each base currency sees them, made once per change of any."""
        if shard not in self._markets:
            self._markets[shard] = Markets(self.books[shard], self.pinned)
        return self._markets[shard]

    def market(self, place: Place) -> Market:
        return self.markets(place.shard).seen_from(place.account.base)

    def caps(self, shard: int, now: datetime) -> Caps:
        if shard not in self._caps:
            self._caps[shard] = Caps(self.rules(shard), now)
            self._kinds.clear()
        return self._caps[shard]

    def kinds(self, place: Place, instrument: Instrument, now: datetime) -> Kinds:
        """Of the caps that an order can break."""
        key, caps = (place.account.id, instrument.code), self.caps(place.shard, now)
        if key not in self._kinds:
            self._kinds[key] = self._kinds_of(place, instrument, caps)
        return self._kinds[key]

    def _kinds_of(self, place: Place, instrument: Instrument, caps: Caps) -> Kinds:
        client = self.rules(place.shard).clients[place.account.client_id]

        def by_class(kind: AnyKind) -> bool:
            return instrument.cap_class in caps.of_asset_classes(kind, client)

        def by_name(kind: AnyKind) -> bool:
            return bool(
                instrument.code in caps.of_instruments(kind, place.desk_id)
                or caps.of_account(kind, place.account) is not None
                or caps.of_client(kind, client)
            )

        others = [
            kind for kind in UNITS if by_class(kind) or (kind is not LimitKind.LEVERAGE and by_name(kind))
        ]
        return Kinds(net=LimitKind.NET in others, plain=not others)

    def instrument(self, shard: int, code: str) -> Instrument | None:
        listing = self.listings.get(code)
        return self.rules(shard).instruments.get(listing.id) if listing else None

    def is_open(self, shard: int, code: str, now: datetime) -> bool:
        if code not in self._open:
            self._open[code] = is_open(self.rules(shard).guarded[code].calendar, now)
        return self._open[code]


def told_of(accounts: Iterable[int]) -> dict[tuple[int, str], datetime]:
    """By account and instrument, and by account and "" where nothing is held of it.

    Of the sources that tell of a position, the newest; a source that tells only of other things says nothing
    about a fill.
    """
    numbers = list(accounts)
    if not numbers:
        return {}
    times = SnapshotTime.objects.filter(sub_account__in=numbers)
    found = {
        (row["sub_account"], ""): row["at"] for row in times.values("sub_account").annotate(at=Max("as_of"))
    }
    reach = {(row.sub_account_id, row.source): row.as_of for row in times}
    held = PositionVersion.objects.filter(sub_account__in=numbers, revision_to__isnull=True)
    for account, source, code in held.values_list("sub_account", "source", F("instrument__code")):
        at = reach.get((account, source))
        if at is not None:
            known = found.get((account, code))
            found[account, code] = at if known is None else max(at, known)
    return found
