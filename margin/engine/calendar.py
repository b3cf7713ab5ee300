"""When an instrument trades.

Takes weekly sessions in a zone and a list of holidays; tells whether an instant lies inside, and when the
next opening and closing come. Sessions are local times: they move with the zone's clocks. A holiday closes
its whole local date. No sessions: always open. Never asks what time it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from margin.engine.local_time import MIDNIGHT, date_exists, instant_of, local_date, zone_named

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES, WEEK_MINUTES = 1440, 7 * 1440
MOMENT = re.compile(r"(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):([0-5]\d)|(\w{3}) 24:00")
HORIZON_WEEKS = 54  # further ahead nothing is promised: holidays are entered a year at a time


@dataclass(frozen=True, slots=True)
class Session:
    """Minutes into the local week, Monday 00:00 being 0; `closes` may run into the next week."""

    opens: int
    closes: int


WHOLE_WEEK = Session(0, WEEK_MINUTES)


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    zone: str
    sessions: tuple[Session, ...] = ()
    holidays: frozenset[date] = frozenset()

    @property
    def always_open(self) -> bool:
        return not self.sessions and not self.holidays


@dataclass(frozen=True, slots=True)
class Opening:
    """Open from `start` up to, but not at, `end`."""

    start: datetime
    end: datetime


def read_calendar(
    *, zone: str, sessions: Sequence[Mapping[str, str]] = (), holidays: Sequence[str] = ()
) -> TradingCalendar:
    """From the plain form in which a calendar is stored; ValueError names what cannot be read."""
    zone_named(zone)
    return TradingCalendar(
        zone=zone,
        sessions=tuple(sorted((_session(row) for row in sessions), key=lambda s: (s.opens, s.closes))),
        holidays=frozenset(_holiday(day) for day in holidays),
    )


def is_open(calendar: TradingCalendar, instant: datetime) -> bool:
    if calendar.always_open:
        return True
    if local_date(instant, calendar.zone) in calendar.holidays:
        return False
    monday = _monday(instant, calendar.zone)
    return any(
        opening.start <= instant < opening.end
        for week in (monday - timedelta(weeks=1), monday)
        for opening in _openings_of_week(calendar, week)
    )


def next_open(calendar: TradingCalendar, instant: datetime) -> datetime | None:
    """The first instant at or after this one at which it trades; None if none within a year."""
    if is_open(calendar, instant):
        return instant
    return next((opening.start for opening in openings(calendar, instant)), None)


def next_close(calendar: TradingCalendar, instant: datetime) -> datetime | None:
    """The first instant at or after this one at which it does not trade; None if none within a year."""
    if not is_open(calendar, instant):
        return instant
    if calendar.always_open:
        return None
    opening = next(openings(calendar, instant))
    horizon = instant + timedelta(weeks=HORIZON_WEEKS - 2)
    return opening.end if opening.end < horizon else None


def trades_on(calendar: TradingCalendar, day: date) -> bool:
    """Does it trade at any time of this local date?"""
    if not date_exists(day, calendar.zone):
        return False
    start = instant_of(day, MIDNIGHT, calendar.zone)
    end = instant_of(day + timedelta(days=1), MIDNIGHT, calendar.zone)
    first = next_open(calendar, start)
    return first is not None and first < end


def openings(calendar: TradingCalendar, instant: datetime) -> Iterator[Opening]:
    """What of its trading time ends after `instant`, in order; touching openings are one."""
    current: Opening | None = None
    for piece in _pieces(calendar, instant):
        if piece.end <= instant:
            continue
        if current is None:
            current = piece
        elif piece.start <= current.end:
            current = Opening(current.start, max(current.end, piece.end))
        else:
            yield current
            current = piece
    if current is not None:
        yield current


def _pieces(calendar: TradingCalendar, instant: datetime) -> Iterator[Opening]:
    """Every session of the weeks ahead, with the holidays cut out of it."""
    monday = _monday(instant, calendar.zone) - timedelta(weeks=1)
    for number in range(HORIZON_WEEKS):
        for opening in _openings_of_week(calendar, monday + timedelta(weeks=number)):
            yield from _without_holidays(calendar, opening)


def _openings_of_week(calendar: TradingCalendar, monday: date) -> Iterator[Opening]:
    for session in calendar.sessions or (WHOLE_WEEK,):
        start, end = (_moment(monday, minute, calendar.zone) for minute in (session.opens, session.closes))
        if start < end:  # a session that lies wholly in a skipped hour does not take place
            yield Opening(start, end)


def _without_holidays(calendar: TradingCalendar, opening: Opening) -> Iterator[Opening]:
    start = opening.start
    last = local_date(opening.end, calendar.zone)
    day = local_date(opening.start, calendar.zone)
    while day <= last:
        if day in calendar.holidays:
            closed = instant_of(day, MIDNIGHT, calendar.zone)
            if start < min(closed, opening.end):
                yield Opening(start, min(closed, opening.end))
            start = max(start, instant_of(day + timedelta(days=1), MIDNIGHT, calendar.zone))
        day += timedelta(days=1)
    if start < opening.end:
        yield Opening(start, opening.end)


def _monday(instant: datetime, zone: str) -> date:
    day = local_date(instant, zone)
    return day - timedelta(days=day.weekday())


def _moment(monday: date, minute: int, zone: str) -> datetime:
    days, rest = divmod(minute, DAY_MINUTES)
    return instant_of(monday + timedelta(days=days), time(rest // 60, rest % 60), zone).astimezone(UTC)


def _session(row: Mapping[str, str]) -> Session:
    if set(row) != {"from", "to"}:
        raise ValueError(f"a session has 'from' and 'to', not {sorted(row)}")
    opens, closes = _minute(row["from"]), _minute(row["to"])
    return Session(opens, closes if closes > opens else closes + WEEK_MINUTES)


def _holiday(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{text!r} is no date; write it like '2026-12-25'") from error


def _minute(text: str) -> int:
    """'sun 18:00' as minutes into the week; '24:00' is the midnight that ends the day."""
    found = MOMENT.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if not found or (found[4] and found[4] not in DAYS):
        raise ValueError(f"{text!r} is no moment of a week; write it like 'sun 18:00'")
    if found[4]:
        return (DAYS.index(found[4]) + 1) * DAY_MINUTES
    return DAYS.index(found[1]) * DAY_MINUTES + int(found[2]) * 60 + int(found[3])
