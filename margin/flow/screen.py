"""Is this price possible, and is it believable?

Takes one report, what the desk knows of the instrument and the newest quotes of all its sources; gives a
refusal, or a judgement: confirmed or in doubt. Pure: reads no clock and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

FUTURE_SECONDS = 2
PERSISTENCE_SECONDS = 2
MOST_DIGITS, MOST_DECIMALS = 38, 18


@dataclass(frozen=True, slots=True)
class PriceReport:
    """A price as a source sent it; `time` is the source's own."""

    instrument: str
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    time: datetime


@dataclass(frozen=True, slots=True)
class Guards:
    """What an instrument's prices are held against."""

    sources: frozenset[str]
    active: bool
    allow_negative: bool
    reference_price: Decimal
    jump_band: Decimal
    oldest_seconds: int


@dataclass(frozen=True, slots=True)
class LastQuote:
    """The newest quote of one source."""

    source: str
    price: Decimal
    time: datetime
    received_at: datetime
    confirmed: bool
    confirmed_price: Decimal | None
    confirmed_time: datetime | None
    doubt_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Confirmed where `doubt` is empty; else since when the source has stood by such a price."""

    doubt: str = ""
    since: datetime | None = None

    @property
    def confirmed(self) -> bool:
        return not self.doubt


def refuse(
    report: PriceReport, guards: Guards | None, source: str, own: LastQuote | None, now: datetime
) -> Refused | None:
    """The first rule that the report breaks."""
    if guards is None or not guards.active:
        return Refused("unknown_instrument", f"No active instrument is called {report.instrument}.")
    if source not in guards.sources:
        return Refused("source_not_listed", f"{report.instrument} does not list {source} as a source.")
    return _impossible(report, guards) or _untimely(report, guards, own, now)


def _impossible(report: PriceReport, guards: Guards) -> Refused | None:
    given = [number for number in (report.price, report.bid, report.ask) if number is not None]
    for number in given:
        if not number.is_finite():
            return Refused("not_a_number", "A price is a finite number.")
        if not fits(number):
            return Refused("too_many_digits", "A price has at most 38 digits, 18 of them decimals.")
        if number == 0 and not guards.allow_negative:
            return Refused("zero", "A price of zero is no price of this instrument.")
        if number < 0 and not guards.allow_negative:
            return Refused("negative", "This instrument has no negative prices.")
    if report.bid is not None and report.ask is not None and report.bid > report.ask:
        return Refused("crossed", f"The bid {report.bid} is above the ask {report.ask}.")
    return None


def fits(number: Decimal) -> bool:
    """Does it fit numeric(38,18) without rounding?"""
    _, digits, exponent = number.as_tuple()  # not normalize(): it rounds to the context's precision
    if not isinstance(exponent, int):
        return False  # NaN or infinity
    written = "".join(map(str, digits))
    decimals = -exponent - (len(written) - len(written.rstrip("0")))
    whole = len(written.lstrip("0")) + exponent
    return not number or (decimals <= MOST_DECIMALS and whole <= MOST_DIGITS - MOST_DECIMALS)


def _untimely(report: PriceReport, guards: Guards, own: LastQuote | None, now: datetime) -> Refused | None:
    if report.time.tzinfo is None:
        return Refused("time_without_zone", "A price's time needs an offset.")
    if report.time > now + timedelta(seconds=FUTURE_SECONDS):
        return Refused("from_the_future", f"More than {FUTURE_SECONDS} s ahead of the desk's clock.")
    if report.time < now - timedelta(seconds=guards.oldest_seconds):
        return Refused("too_old", f"Older than {guards.oldest_seconds} s.")
    # one that lies ahead was kept while the clock was wrong: it holds up nothing once the clock is right
    if own is not None and report.time <= own.time <= now + timedelta(seconds=FUTURE_SECONDS):
        same = report.time == own.time and report.price == own.price
        known = f"the newest of this source is of {own.time.isoformat()}"
        return Refused("duplicate" if same else "out_of_order", f"Not newer: {known}.")
    return None


def judge(
    report: PriceReport, guards: Guards, own: LastQuote | None, others: Sequence[LastQuote], now: datetime
) -> Judgement:
    """A move beyond the band is doubted until another source or persistence confirms it."""
    reference = _reference(guards, own, others, now)
    if reference is None or _near(report.price, reference, guards):
        return Judgement()
    if any(_backs(other, report, guards, now) for other in others):
        return Judgement()
    since = min(_standing_since(report, guards, own, reference) or now, now)
    if now - since >= timedelta(seconds=PERSISTENCE_SECONDS):
        return Judgement()
    return Judgement(f"jump from {reference.normalize():f} to {report.price.normalize():f}", since)


def _reference(
    guards: Guards, own: LastQuote | None, others: Sequence[LastQuote], now: datetime
) -> Decimal | None:
    """The source's own last confirmed price while it is fresh, else the newest of any source."""
    if own and own.confirmed_time and now - own.confirmed_time <= timedelta(seconds=guards.oldest_seconds):
        return own.confirmed_price
    found = [
        (seen.confirmed_time, seen.confirmed_price)
        for seen in ([own, *others] if own else others)
        if seen.confirmed_time is not None and seen.confirmed_price is not None
    ]
    return max(found)[1] if found else None


def _near(price: Decimal, other: Decimal, guards: Guards) -> bool:
    """Within the jump band; a price around zero is measured against the reference price."""
    size = max(abs(other), guards.reference_price if guards.allow_negative else Decimal(0))
    return abs(price - other) <= guards.jump_band * size


def _backs(other: LastQuote, report: PriceReport, guards: Guards, now: datetime) -> bool:
    """Another source says the same, and says it now."""
    fresh = now - other.time <= timedelta(seconds=guards.oldest_seconds)
    return fresh and _near(report.price, other.price, guards)


def _standing_since(
    report: PriceReport, guards: Guards, own: LastQuote | None, reference: Decimal
) -> datetime | None:
    """Since when this source has stood on the same side of the last confirmed price, near this one."""
    if own is None or own.doubt_since is None:
        return None
    same_side = (own.price > reference) == (report.price > reference)
    return own.doubt_since if same_side and _near(report.price, own.price, guards) else None
