"""Leadership: one clock at a time, taken over when the leader or its connection is gone."""

import time

import pytest
from celery.beat import SchedulingError
from django.db import connection
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from margin.models import ShardState
from riskdesk import beat, broker, locks
from riskdesk.beat import Leadership, LeadingScheduler
from riskdesk.celery import app
from riskdesk.env import read_environment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Every question is put to the database, none answered from memory; the broker has room."""
    monkeypatch.setattr(beat, "PROVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(broker, "queue_lengths", lambda: {"risk": 0, "general": 0})


@pytest.fixture
def clocks():
    made = []

    def make():
        scheduler = LeadingScheduler(app=app)
        scheduler.sent = []
        scheduler.apply_async = lambda entry, **_: scheduler.sent.append(entry.name)
        made.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        scheduler.close()
        scheduler._finalize.cancel()


def run(scheduler, times=40):
    """Tick until nothing more is due at this moment."""
    for _ in range(times):
        if scheduler.tick() > 0:
            break
    return scheduler.sent


def kill_holder():
    """Of the lock in this database, for the server has others; and it is gone when this returns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 90000) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [locks.CLOCK],
        )
        assert cursor.fetchall() == [(True,)]


def overdue():
    """As after ten minutes of silence."""
    PeriodicTask.objects.update(last_run_at="2020-01-01T00:00:00Z")


def test_only_one_of_two_holds_the_lead():
    first, second = Leadership(), Leadership()
    try:
        assert [first.is_ours(), second.is_ours(), first.is_ours()] == [True, False, True]
        first.release()
        assert second.is_ours()
    finally:
        first.release()
        second.release()


def test_a_leader_whose_connection_was_killed_knows_it_at_the_next_question():
    first, second = Leadership(), Leadership()
    try:
        assert first.is_ours()
        kill_holder()
        assert second.is_ours()
        assert not first.is_ours()
        assert not first.is_ours()
    finally:
        first.release()
        second.release()


def test_the_second_clock_sends_nothing_until_the_first_is_gone(clocks):
    overdue()
    first, second = clocks(), clocks()
    assert "Reconcile" in run(first)
    assert run(second) == []
    kill_holder()
    overdue()
    assert "Reconcile" in run(second)
    sent = len(first.sent)
    run(first)
    assert len(first.sent) == sent


def test_a_clock_shows_a_sign_of_life_whether_it_leads_or_waits(clocks, monkeypatch, tmp_path):
    for name in ("leads", "waits"):
        monkeypatch.setenv("RISKDESK_HEARTBEAT", str(tmp_path / name))
        clocks().tick()
        assert (tmp_path / name).exists()


def test_after_a_long_silence_each_job_is_sent_once(clocks):
    IntervalSchedule.objects.update(every=600)  # so that none is due again while we look
    overdue()
    sent = run(clocks())
    assert sorted(sent) == sorted(PeriodicTask.objects.filter(enabled=True).values_list("name", flat=True))


def test_a_disabled_job_is_not_sent(clocks):
    overdue()
    PeriodicTask.objects.filter(name="Reconcile").update(enabled=False)
    assert "Reconcile" not in run(clocks())


def test_an_edit_is_noticed_within_a_tick(clocks):
    scheduler = clocks()
    overdue()
    run(scheduler)
    row = PeriodicTask.objects.get(name="Reconcile")
    row.enabled = False
    row.save()
    scheduler.sent.clear()
    scheduler.tick()
    assert "Reconcile" not in scheduler.schedule


def test_a_clock_that_begins_to_lead_adds_the_rows_that_are_missing_and_changes_none(clocks, settings):
    """On a database that was prepared long ago: a new job, a deleted one, another number of shards."""
    settings.ENV = read_environment({"SHARDS": "2"})
    PeriodicTask.objects.filter(name="Dispatch").delete()
    PeriodicTask.objects.filter(name="Reconcile").update(enabled=False, expire_seconds=77)
    standby = Leadership()
    assert standby.is_ours()
    waiting = clocks()
    run(waiting)
    assert not PeriodicTask.objects.filter(name="Dispatch").exists()
    standby.release()
    run(waiting)
    assert {"Dispatch", "Recompute shard 2"} <= set(waiting.schedule)
    assert "Reconcile" not in waiting.schedule
    assert PeriodicTask.objects.get(name="Reconcile").expire_seconds == 77
    assert ShardState.objects.filter(shard=2).exists()


def test_a_row_deleted_while_the_clock_leads_stays_away_until_the_next_start(clocks):
    leader = clocks()
    run(leader)
    PeriodicTask.objects.get(name="Dispatch").delete()
    run(leader)
    assert not PeriodicTask.objects.filter(name="Dispatch").exists()


def test_a_rare_job_is_written_down_before_it_is_sent(clocks):
    every_minute = CrontabSchedule.objects.create(minute="*")
    PeriodicTask.objects.update(enabled=False)
    row = PeriodicTask.objects.create(
        name="Rare", task="x", crontab=every_minute, last_run_at="2020-01-01T00:00:00Z"
    )
    scheduler = clocks()
    seen = []

    def look(entry, **_):
        row.refresh_from_db()
        seen.append(row.last_run_at.year)

    scheduler.apply_async = look
    scheduler.app.conf.beat_cron_starting_deadline = None
    try:
        run(scheduler)
    finally:
        scheduler.app.conf.beat_cron_starting_deadline = 3600
    assert seen
    assert seen[0] > 2020


def test_a_broker_that_is_away_costs_one_line_and_the_job_comes_again(clocks, monkeypatch):
    overdue()
    scheduler = clocks()
    attempts = []

    def away(entry, **_):
        attempts.append(entry.name)
        raise SchedulingError("Couldn't apply scheduled task\nbecause")

    scheduler.apply_async = away
    run(scheduler)
    assert "Reconcile" in attempts
    assert any(event.entry.name == "Reconcile" for event in scheduler._heap)


def test_a_full_queue_gets_no_more_of_the_same(clocks, monkeypatch):
    overdue()
    monkeypatch.setattr(broker, "queue_lengths", lambda: {"risk": beat.MOST_WAITING, "general": 0})
    sent = run(clocks())
    assert "Recompute shard 1" not in sent
    assert "Reconcile" in sent


def test_a_wall_clock_that_goes_back_an_hour_does_not_silence_the_clock(clocks, monkeypatch):
    scheduler = clocks()
    overdue()
    run(scheduler)
    PeriodicTask.objects.update(last_run_at="2099-01-01T00:00:00Z")
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() - 3600)
    scheduler.tick()
    assert all(entry.last_run_at.year < 2099 for entry in scheduler.schedule.values())
