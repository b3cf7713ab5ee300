"""One digest a local day, in every zone, through every change of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Role
from margin.flow.local_jobs import DEEDS, latest_slot
from margin.models import Delivery, LocalSchedule, LocalSlot
from tests import factories
from tests.flow.jobs import do_local_jobs

ZONES = (
    *("America/New_York", "Europe/London", "Asia/Tokyo", "Australia/Lord_Howe"),
    *("America/Sao_Paulo", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Auckland"),
)
CHANGES = (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC))
"""Two weeks from each hold the changes of all these zones that change."""


@pytest.mark.parametrize("at", [time(7, 30), time(2, 30), time(0, 0)], ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_every_local_date_has_one_slot_at_its_local_time(zone: str, at: time):
    row = LocalSchedule(name="digest", time=at, zone=zone)
    for start in CHANGES:
        seen: dict[object, datetime] = {}
        for minutes in range(0, 40 * 24 * 60, 20):
            now = start + timedelta(minutes=minutes)
            slot = latest_slot(row, now)
            assert slot is not None
            assert slot.due <= now
            assert seen.setdefault(slot.day, slot.due) == slot.due
        days = sorted(seen)  # type: ignore[type-var]
        assert [day.toordinal() for day in days] == list(range(days[0].toordinal(), days[-1].toordinal() + 1))
        wanted = at.hour * 60 + at.minute
        for due in seen.values():
            local = due.astimezone(ZoneInfo(zone)).time()
            assert local.hour * 60 + local.minute - wanted in (0, 30, 60)  # later only where clocks skip it


@pytest.fixture
def schedule(db: None) -> LocalSchedule:
    desk = factories.desk()
    factories.grant(factories.person("rita"), desk, Role.RISK_MANAGER)
    return LocalSchedule.objects.create(
        name="digest", job="digest", desk=desk, time=time(7, 30), zone=desk.zone
    )


def test_every_job_that_can_be_chosen_has_a_deed():
    assert set(DEEDS) == set(LocalSchedule.Job.values)


NEW_YORK_0730 = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def test_it_is_done_when_its_time_comes_and_once(schedule: LocalSchedule):
    assert do_local_jobs(NEW_YORK_0730 - timedelta(seconds=1)) == 0
    assert [do_local_jobs(NEW_YORK_0730 + timedelta(seconds=s)) for s in (0, 0, 20, 3600)] == [1, 0, 0, 0]
    assert Delivery.objects.get().kind == "digest"
    assert LocalSlot.objects.get().local_date.isoformat() == "2026-03-02"


def test_after_a_long_silence_only_the_latest_is_made_up_for(schedule: LocalSchedule):
    do_local_jobs(NEW_YORK_0730)
    assert do_local_jobs(NEW_YORK_0730 + timedelta(days=5, hours=2)) == 1
    assert Delivery.objects.count() == 2


def test_one_that_is_too_late_to_be_of_use_is_left_out(schedule: LocalSchedule):
    assert do_local_jobs(NEW_YORK_0730 + timedelta(hours=7)) == 0


def test_on_a_day_without_trading_nothing_is_sent(schedule: LocalSchedule):
    schedule.calendar = factories.calendar("NYSE", zone="America/New_York", holidays=["2026-03-02"])
    schedule.save()
    assert do_local_jobs(NEW_YORK_0730) == 0
    assert do_local_jobs(NEW_YORK_0730 + timedelta(days=1)) == 1


def test_one_that_cannot_be_read_stops_only_itself(schedule: LocalSchedule):
    LocalSchedule.objects.create(
        name="crooked", job="digest", desk=schedule.desk, time=time(7, 30), zone="Mars/Olympus"
    )
    assert do_local_jobs(NEW_YORK_0730) == 1


def test_one_that_is_switched_off_rests(schedule: LocalSchedule):
    LocalSchedule.objects.update(enabled=False)
    assert do_local_jobs(NEW_YORK_0730) == 0
