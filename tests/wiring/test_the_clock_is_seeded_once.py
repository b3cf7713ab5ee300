"""Seeding adds what is missing and never touches what an administrator changed."""

import json

import pytest
from django.conf import settings
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from accounts.models import Shard
from margin.models import ShardState
from riskdesk.env import read_environment
from riskdesk.schedule import CLOCK, jobs, seed_clock, seed_shards, stopped
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db


def test_a_migrated_database_has_the_whole_clock():
    rows = {row.name: row for row in PeriodicTask.objects.all()}
    assert {job.name for job in jobs()} <= set(rows)
    recompute = rows["Recompute shard 1"]
    assert (recompute.task, json.loads(recompute.args)) == ("margin.recompute", [1, "schedule"])
    assert (recompute.interval.every, recompute.interval.period) == (5, "seconds")
    assert (recompute.queue, recompute.expire_seconds, recompute.enabled) == ("risk", 4, True)


def test_seeding_again_adds_nothing():
    assert seed_clock() == []


def test_a_changed_disabled_or_renamed_job_stays_as_it_is():
    slow, _ = IntervalSchedule.objects.get_or_create(every=9, period="seconds")
    PeriodicTask.objects.filter(name="Dispatch").update(interval=slow, expire_seconds=8)
    PeriodicTask.objects.filter(name="Housekeeping").update(enabled=False)
    PeriodicTask.objects.filter(name="Reconcile").update(name="Look for lost work")
    before = list(PeriodicTask.objects.order_by("pk").values())
    assert seed_clock() == []
    assert list(PeriodicTask.objects.order_by("pk").values()) == before


def test_a_job_that_was_made_into_something_else_does_its_own_work_again():
    spoilt = {"task": "margin.nothing", "args": "[oops", "kwargs": '{"a": 1}', "queue": "nowhere"}
    PeriodicTask.objects.filter(name="Dispatch").update(**spoilt, one_off=True, expires=MONDAY_NOON)
    assert seed_clock() == []
    row = PeriodicTask.objects.get(name="Dispatch")
    assert (row.task, row.args, row.kwargs, row.queue) == ("margin.dispatch", "[]", "{}", "general")
    assert (row.one_off, row.expires) == (False, None)


@pytest.mark.parametrize(("every", "period"), [(2_147_483_647, "days"), (1, "microseconds")])
def test_an_interval_nobody_can_mean_is_put_right_and_breaks_nothing_before(every: int, period: str):
    beyond = IntervalSchedule.objects.create(every=every, period=period)
    PeriodicTask.objects.filter(name="Dispatch").update(interval=beyond)
    PeriodicTask.objects.create(name="Mine", task="margin.digest", interval=beyond)
    assert stopped() == ["Dispatch"]
    assert seed_clock() == []
    row = PeriodicTask.objects.get(name="Dispatch")
    assert (row.interval.every, row.interval.period, row.enabled) == (2, "seconds", True)
    assert not PeriodicTask.objects.get(name="Mine").enabled
    assert stopped() == []


def test_a_deleted_job_comes_back_because_the_desk_needs_it():
    PeriodicTask.objects.filter(name="Reconcile").delete()
    assert seed_clock() == ["Reconcile"]
    assert PeriodicTask.objects.get(name="Reconcile").enabled


def test_arguments_that_are_no_json_do_not_stop_the_start():
    PeriodicTask.objects.filter(name="Dispatch").update(args="[oops", name="Mine")
    assert seed_clock() == ["Dispatch"]


def test_each_new_shard_gets_its_row_and_its_own_recompute(settings):
    settings.ENV = read_environment({"SHARDS": "3"})
    seed_shards()
    assert list(Shard.objects.order_by("number").values_list("number", flat=True)) == [0, 1, 2, 3]
    assert ShardState.objects.count() == 3
    assert seed_clock() == ["Recompute shard 2", "Recompute shard 3"]


def test_fewer_shards_than_before_remove_none(settings):
    settings.ENV = read_environment({"SHARDS": "2"})
    seed_shards()
    settings.ENV = read_environment({})
    seed_shards()
    assert Shard.objects.filter(number=2).exists()


def test_a_message_never_outlives_the_next_of_its_kind_by_much():
    for job in CLOCK:
        assert job.expires_seconds <= max(job.every_seconds, 15)
        assert job.queue in ("risk", "general")
    assert settings.CELERY_TASK_ROUTES["margin.recompute"]["queue"] == "risk"
