"""Local-time jobs through every kind of change of the clocks, failing neighbours and second workers."""

from datetime import UTC, date, datetime, time, timedelta
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from margin.engine.local_time import date_exists, instant_of
from margin.flow import local_jobs
from margin.flow.local_jobs import OF_USE, do, due, latest_slot
from margin.models import LocalSchedule, LocalSlot
from tests import factories
from tests.flow.jobs import do_local_jobs

ZONES = [
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour
    "America/Havana",  # midnight is skipped
    "Asia/Beirut",  # midnight is skipped
    "America/Nuuk",  # the last hour of the day is skipped
    "Pacific/Chatham",
    "Antarctica/Troll",  # two hours
]


def changes(zone, year=2026):
    """The instants of a year at which the clocks of a zone change."""
    start, found = datetime(year, 1, 1, tzinfo=UTC), []
    place = ZoneInfo(zone)
    for hour in range(366 * 24):
        before, after = (start + timedelta(hours=h) for h in (hour, hour + 1))
        if before.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            found.append(after)
    return found


CHANGES = [(zone, change) for zone in ZONES for change in changes(zone)]


def test_each_zone_changes_its_clocks_twice_a_year():
    assert [zone for zone, _ in CHANGES] == [zone for zone in ZONES for _ in range(2)]


def useful(schedule, now):
    slot = latest_slot(schedule, now)
    return slot if slot and now - slot.due <= OF_USE else None


@pytest.mark.parametrize(("zone", "change"), CHANGES, ids=[f"{z}-{c:%m-%d}" for z, c in CHANGES])
@given(minute=st.integers(0, 1439), steps=st.lists(st.integers(1, 330), min_size=60, max_size=60))
def test_through_a_change_of_the_clocks_every_local_date_is_done_exactly_once(zone, change, minute, steps):
    schedule = LocalSchedule(name="d", zone=zone, time=time(minute // 60, minute % 60))
    first = now = change - timedelta(days=3)
    done, known = [], {slot.day} if (slot := useful(schedule, now)) else set()
    for step in steps:
        now += timedelta(minutes=step)
        slot = useful(schedule, now)
        if slot and slot.day not in known:
            known.add(slot.day)
            done.append(slot.day)
    days = [first.date() + timedelta(days=n) for n in range(-1, 20)]
    assert done == [day for day in days if first < instant_of(day, schedule.time, zone) <= now]


def test_a_time_the_clocks_skip_is_made_up_and_one_that_comes_twice_is_taken_first():
    half_past_two = time(2, 30)
    assert instant_of(date(2026, 3, 8), half_past_two, "America/New_York") == datetime(
        2026, 3, 8, 7, 30, tzinfo=UTC
    )
    half_past_one = time(1, 30)
    assert instant_of(date(2026, 11, 1), half_past_one, "America/New_York") == datetime(
        2026, 11, 1, 5, 30, tzinfo=UTC
    )


def test_a_date_that_a_zone_left_out_has_no_job():
    assert not date_exists(date(2011, 12, 30), "Pacific/Apia")
    schedule = LocalSchedule(name="d", zone="Pacific/Apia", time=time(7))
    start = datetime(2011, 12, 29, tzinfo=UTC)
    slots = [latest_slot(schedule, start + timedelta(hours=hour)) for hour in range(96)]
    found = {slot.day for slot in slots if slot}
    assert date(2011, 12, 30) not in found
    assert {date(2011, 12, 29), date(2011, 12, 31)} <= found


SEVEN = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)  # 07:00 in New York, a Monday

WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


@pytest.fixture
def digest(prime, rita):
    return LocalSchedule.objects.create(
        name="Digest of PRIME", job="digest", desk=prime, time=time(7), zone="America/New_York"
    )


def test_a_disabled_schedule_is_left_alone(digest):
    LocalSchedule.objects.update(enabled=False)
    assert due(SEVEN) == []


def test_a_calendar_leaves_out_weekends_and_holidays(digest):
    digest.calendar = factories.calendar(
        "NYSE",
        zone="America/New_York",
        sessions=[
            {"from": f"{day} 09:30", "to": f"{day} 16:00"} for day in ("mon", "tue", "wed", "thu", "fri")
        ],
        holidays=["2026-06-03"],
    )
    digest.save()
    days = [bool(due(SEVEN + timedelta(days=n))) for n in range(7)]
    assert days == [True, True, False, True, True, False, False]


def test_a_time_moved_to_later_the_same_day_does_not_bring_a_second_digest(digest):
    assert do_local_jobs(SEVEN) == 1
    LocalSchedule.objects.update(time=time(18))
    assert do_local_jobs(SEVEN + timedelta(hours=12)) == 0


def test_a_job_that_fails_leaves_its_slot_open_and_the_others_done(digest, retail, monkeypatch):
    LocalSchedule.objects.create(
        name="A of RETAIL", job="digest", desk=retail, time=time(11, 50), zone="Europe/London"
    )
    working = local_jobs.DEEDS["digest"]

    def fails_for_prime(desk, now):
        if desk.code == "PRIME":
            raise RuntimeError("no figures")
        return working(desk, now)

    monkeypatch.setitem(local_jobs.DEEDS, "digest", fails_for_prime)
    do_local_jobs(SEVEN)
    assert set(LocalSlot.objects.values_list("schedule__desk__code", flat=True)) == {"RETAIL"}
    monkeypatch.setitem(local_jobs.DEEDS, "digest", working)
    do_local_jobs(SEVEN + timedelta(seconds=20))
    assert LocalSlot.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_moment_do_it_once(digest):
    ((row, slot),) = due(SEVEN)
    outcomes = []

    def work():
        outcomes.append(do(row, slot, SEVEN))
        connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    assert LocalSlot.objects.count() == 1
