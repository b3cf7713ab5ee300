"""Marks: which price of an instrument counts now, and how far it can be trusted.

Takes the newest quotes of all its sources and an instant; gives one mark. The newest confirmed price of the
first source that is fresh and not in doubt; else the last confirmed one, with its state and the guard band
it may lie in. Pure: reads no clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from margin import formats
from margin.book.facts import Guarded, QuoteFact
from margin.book.frame import ShownPrice
from margin.engine.calendar import is_open
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.engine.types import Mark, PriceState
from riskdesk.errors import sure

PLACES = 18


@dataclass(frozen=True, slots=True)
class Pinned:
    """One instrument's mark, as a run uses and stores it. `hard`: stale beyond its hard limit."""

    mark: Decimal | None
    state: PriceState
    source: str = ""
    time: datetime | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    hard: bool = False

    def as_mark(self) -> Mark:
        return Mark(
            price=_fraction(self.mark),
            state=self.state,
            low=_fraction(self.low),
            high=_fraction(self.high),
            source=self.source,
        )

    def as_shown(self) -> ShownPrice:
        return ShownPrice(
            mark=text_of(self.mark),
            state=self.state.value,
            source=self.source,
            time=self.time.isoformat() if self.time else None,
            low=text_of(self.low),
            high=text_of(self.high),
            hard=self.hard,
        )


def from_shown(shown: ShownPrice) -> Pinned:
    """A mark as a run stored it, to be used again."""
    return Pinned(
        mark=_stored(shown.mark),
        state=PriceState(shown.state),
        source=shown.source,
        time=datetime.fromisoformat(shown.time) if shown.time else None,
        low=_stored(shown.low),
        high=_stored(shown.high),
        hard=shown.hard,
    )


def _stored(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


MISSING = Pinned(None, PriceState.MISSING)


def pin(guarded: Guarded, quotes: Mapping[str, QuoteFact], at: datetime, *, trading: bool) -> Pinned:
    """The mark of one instrument at an instant."""
    ranked = [quotes[source] for source in guarded.sources if source in quotes]
    priced = [quote for quote in ranked if quote.confirmed_time is not None]
    if not priced:
        return MISSING
    for quote in priced:
        if not quote.doubt and _age_seconds(quote, at) <= guarded.soft_seconds:
            return _certain(quote, PriceState.FRESH if trading else PriceState.CLOSED)
    newest = max(priced, key=_confirmed_at)
    if not trading:
        return _certain(newest, PriceState.CLOSED)
    doubted = any(q.doubt and (at - q.received_at).total_seconds() <= guarded.soft_seconds for q in ranked)
    return _in_doubt(newest, PriceState.UNCONFIRMED if doubted else PriceState.STALE, guarded, at)


def _confirmed_at(quote: QuoteFact) -> datetime:
    return sure(quote.confirmed_time, "what was confirmed was so at an instant")


def _age_seconds(quote: QuoteFact, at: datetime) -> float:
    """How far the price and this clock are apart: one from ahead, kept by a wrong clock, is no fresher."""
    return abs((at - _confirmed_at(quote)).total_seconds())


def _certain(quote: QuoteFact, state: PriceState) -> Pinned:
    return Pinned(_decimal(quote.confirmed_price), state, quote.source, quote.confirmed_time)


def _in_doubt(quote: QuoteFact, state: PriceState, guarded: Guarded, at: datetime) -> Pinned:
    """The band is the instrument's own up to its hard limit; from there the doubt grows with the age."""
    price = sure(quote.confirmed_price, "only a price that was confirmed can be in doubt")
    age = Fraction(int(_age_seconds(quote, at) * 1000), 1000)
    growth = max(Fraction(1), age / guarded.hard_seconds) if guarded.hard_seconds else Fraction(1)
    width = abs(price) * guarded.guard_band * growth
    return Pinned(
        mark=_decimal(price),
        state=state,
        source=quote.source,
        time=quote.confirmed_time,
        low=down(price - width, PLACES),
        high=up(price + width, PLACES),
        hard=age > guarded.hard_seconds,
    )


def pin_all(
    guarded: Iterable[Guarded], quotes: Mapping[str, Mapping[str, QuoteFact]], at: datetime
) -> dict[str, Pinned]:
    """Every instrument's mark, by code. A market at rest by its calendar is closed, not stale."""
    found, trading = {}, {}
    for one in guarded:
        if one.calendar not in trading:
            trading[one.calendar] = is_open(one.calendar, at)
        found[one.code] = pin(one, quotes.get(one.code, {}), at, trading=trading[one.calendar])
    return found


def _decimal(number: Fraction | None) -> Decimal | None:
    return None if number is None else down(number, PLACES)


def _fraction(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def text_of(number: Decimal | None) -> str | None:
    """Plain digits without idle zeros."""
    return None if number is None else formats.plain(f"{number:f}")
