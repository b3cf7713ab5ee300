"""Local dates as instants: hours that come twice, hours and days that never come."""

from datetime import UTC, date, datetime, time

import pytest

from margin.engine.local_time import MIDNIGHT, date_exists, instant_of, local_date


@pytest.mark.parametrize(
    ("day", "at", "zone", "instant"),
    [
        ("2026-10-25", "01:30", "Europe/London", "2026-10-25 00:30"),  # comes twice: the first
        ("2026-03-29", "01:30", "Europe/London", "2026-03-29 01:30"),  # never comes: half past two
        ("2026-03-29", "00:30", "Europe/London", "2026-03-29 00:30"),
        ("2026-07-01", "00:00", "Europe/London", "2026-06-30 23:00"),
        ("2026-07-01", "17:00", "America/New_York", "2026-07-01 21:00"),
    ],
)
def test_a_time_of_day_is_one_instant(day, at, zone, instant):
    found = instant_of(date.fromisoformat(day), time.fromisoformat(at), zone)
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_a_local_date_begins_at_midnight():
    assert instant_of(date(2026, 7, 1), MIDNIGHT, "Asia/Tokyo") == datetime(2026, 6, 30, 15, tzinfo=UTC)


def test_samoa_left_out_a_day():
    days = {day: date_exists(date(2011, 12, day), "Pacific/Apia") for day in (29, 30, 31)}
    assert days == {29: True, 30: False, 31: True}


def test_the_date_is_that_of_the_zone():
    late = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert [local_date(late, zone) for zone in ("America/New_York", "Europe/London", "Asia/Tokyo")] == [
        date(2026, 7, 1),
        date(2026, 7, 2),
        date(2026, 7, 2),
    ]


def test_an_unknown_zone_is_named():
    with pytest.raises(ValueError, match="'Mars/Olympus' is no time zone"):
        instant_of(date(2026, 1, 1), time(0), "Mars/Olympus")
