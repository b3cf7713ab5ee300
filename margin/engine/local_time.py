"""Local dates and times as instants, through every change of the clocks.

Takes a local date, a time of day and a zone; gives an instant in UTC. A time that the clocks skip is taken
as late as the skip is long (02:30 becomes 03:30); a time that comes twice is taken the first time. So every
local date that exists has exactly one instant for a given time. Never asks what time it is.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MIDNIGHT = time(0)


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """A zone by its IANA name; ValueError says which name is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; use a name such as Europe/London") from error


def instant_of(day: date, at: time, zone: str) -> datetime:
    """When the clocks of `zone` show `at` on `day`."""
    local = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone_named(zone))
    return local.astimezone(UTC)


def date_exists(day: date, zone: str) -> bool:
    """False for a date that a zone left out when it crossed the date line (Samoa, 30 December 2011)."""
    return instant_of(day, MIDNIGHT, zone) < instant_of(day + timedelta(days=1), MIDNIGHT, zone)


def local_date(instant: datetime, zone: str) -> date:
    """The date that calendars in `zone` show at an instant."""
    return instant.astimezone(zone_named(zone)).date()
