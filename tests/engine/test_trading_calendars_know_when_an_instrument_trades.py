"""Calendars: the FX week, daily breaks, holidays, changes of the clocks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.engine.calendar import is_open, next_close, next_open, openings, read_calendar, trades_on

NEW_YORK = "America/New_York"
FX = read_calendar(zone=NEW_YORK, sessions=[{"from": "sun 17:00", "to": "fri 17:00"}])
CME = read_calendar(
    zone="America/Chicago",
    sessions=[
        {"from": f"{a} 17:00", "to": f"{b} 16:00"}
        for a, b in (("sun", "mon"), ("mon", "tue"), ("tue", "wed"), ("wed", "thu"), ("thu", "fri"))
    ],
    holidays=["2026-12-25"],
)
ALWAYS = read_calendar(zone="UTC")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_no_sessions_mean_always_open():
    noon = utc("2026-12-25 12:00")
    assert is_open(ALWAYS, noon)
    assert next_open(ALWAYS, noon) == noon
    assert next_close(ALWAYS, noon) is None


def test_holidays_close_what_is_otherwise_always_open():
    calendar = read_calendar(zone="Europe/London", holidays=["2026-07-01"])
    assert not is_open(calendar, utc("2026-07-01 12:00"))
    assert next_close(calendar, utc("2026-06-30 12:00")) == utc("2026-06-30 23:00")  # London midnight, summer
    assert next_open(calendar, utc("2026-07-01 12:00")) == utc("2026-07-01 23:00")


@pytest.mark.parametrize(
    ("sunday", "opens"),
    [
        ("2026-03-01", "22:00"),  # New York winter: UTC-5
        ("2026-03-08", "21:00"),  # the clocks went forward that morning
        ("2026-10-25", "21:00"),
        ("2026-11-01", "22:00"),  # and back that morning
    ],
)
def test_the_fx_week_opens_at_seventeen_new_york_time_whatever_the_season(sunday, opens):
    opening = utc(f"{sunday} {opens}")
    assert not is_open(FX, opening - timedelta(seconds=1))
    assert is_open(FX, opening)
    assert next_open(FX, opening - timedelta(days=1)) == opening


def test_the_fx_week_closes_on_friday_and_not_at_the_last_instant():
    friday = utc("2026-03-06 22:00")
    assert is_open(FX, friday - timedelta(microseconds=1))
    assert not is_open(FX, friday)
    assert next_close(FX, utc("2026-03-02 09:00")) == friday


def test_a_daily_break_splits_the_week():
    inside = utc("2026-06-02 21:30")  # 16:30 in Chicago
    assert not is_open(CME, inside)
    assert next_open(CME, inside) == utc("2026-06-02 22:00")
    assert next_close(CME, utc("2026-06-02 12:00")) == utc("2026-06-02 21:00")


def test_a_holiday_closes_its_whole_local_date_and_nothing_else():
    assert next_close(CME, utc("2026-12-24 23:30")) == utc("2026-12-25 06:00")  # Chicago midnight
    assert not trades_on(CME, date(2026, 12, 25))
    assert trades_on(CME, date(2026, 12, 24))
    assert not trades_on(CME, date(2026, 12, 26))  # Saturday
    assert trades_on(CME, date(2026, 12, 27))  # Sunday evening
    assert next_open(CME, utc("2026-12-25 12:00")) == utc("2026-12-27 23:00")


def test_sessions_that_touch_are_one_opening():
    calendar = read_calendar(
        zone="UTC",
        sessions=[{"from": "mon 08:00", "to": "mon 24:00"}, {"from": "tue 00:00", "to": "tue 12:00"}],
    )
    assert next_close(calendar, utc("2026-03-02 09:00")) == utc("2026-03-03 12:00")


def test_a_session_of_a_whole_week_never_closes():
    calendar = read_calendar(zone=NEW_YORK, sessions=[{"from": "mon 00:00", "to": "mon 00:00"}])
    assert is_open(calendar, utc("2026-03-08 07:30"))
    assert next_close(calendar, utc("2026-03-08 07:30")) is None


def test_a_calendar_closed_for_ever_has_no_next_opening():
    days = [str(date(2026, 1, 1) + timedelta(days=n)) for n in range(800)]
    calendar = read_calendar(zone="UTC", sessions=[{"from": "mon 08:00", "to": "mon 09:00"}], holidays=days)
    assert next_open(calendar, utc("2026-03-02 08:30")) is None


@pytest.mark.parametrize(
    "row",
    [
        {"from": "sun 18:00"},
        {"from": "sun 18:00", "to": "fri"},
        {"from": "sunday 18:00", "to": "fri 17:00"},
        {"from": "sun 25:00", "to": "fri 17:00"},
        {"from": "xyz 24:00", "to": "fri 17:00"},
        {"from": 5, "to": "fri 17:00"},
        {"from": "sun 18:00", "to": "fri 17:00", "zone": "UTC"},
    ],
)
def test_a_session_that_cannot_be_read_is_refused(row):
    with pytest.raises(ValueError, match=r"moment|session"):
        read_calendar(zone="UTC", sessions=[row])


def test_an_unknown_zone_or_holiday_is_refused():
    with pytest.raises(ValueError, match="Europe/Atlantis"):
        read_calendar(zone="Europe/Atlantis")
    with pytest.raises(ValueError, match="2026-13-01"):
        read_calendar(zone="UTC", holidays=["2026-13-01"])


@given(st.integers(0, 420 * 24 * 3600))
def test_open_closed_and_the_next_change_agree_at_every_instant(seconds):
    instant = utc("2025-12-01 00:00") + timedelta(seconds=seconds)
    for calendar in (FX, CME):
        listed = next(openings(calendar, instant))
        assert is_open(calendar, instant) == (listed.start <= instant)
        opens, closes = next_open(calendar, instant), next_close(calendar, instant)
        assert opens is not None
        assert closes is not None
        assert is_open(calendar, opens)
        assert not is_open(calendar, closes)
        assert opens == instant or not is_open(calendar, opens - timedelta(microseconds=1))
        assert closes == instant or is_open(calendar, closes - timedelta(microseconds=1))


def test_what_opens_at_the_next_midnight_does_not_trade_today():
    calendar = read_calendar(zone="UTC", sessions=[{"from": "tue 00:00", "to": "tue 12:00"}])
    assert not trades_on(calendar, date(2026, 3, 2))
    assert trades_on(calendar, date(2026, 3, 3))
