"""In the admin the desk's own jobs can be switched and given another interval; nothing else of them moves."""

from datetime import time

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from accounts.models import AuditEvent
from margin.models import LocalSchedule
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    client.force_login(cast.ada)
    return client


def page(row: PeriodicTask | IntervalSchedule, deed: str = "change") -> str:
    return reverse(f"admin:django_celery_beat_{row._meta.model_name}_{deed}", args=[row.pk])


@pytest.fixture(params=["Recompute shard 1", "Reconcile", "Dispatch", "Seal audit"])
def job(request: pytest.FixtureRequest) -> PeriodicTask:
    return PeriodicTask.objects.get(name=request.param)


def test_what_a_job_does_cannot_be_changed(ada_in: Browser, job: PeriodicTask):
    before = PeriodicTask.objects.filter(pk=job.pk).values(
        "name", "task", "args", "kwargs", "queue", "expires"
    )
    was = before.get()
    nonsense = {"name": "x", "task": "y", "regtask": "margin.housekeeping", "args": "[9]", "kwargs": "{}"}
    more = {"queue": "nowhere", "expire_seconds": "0", "one_off": "on", "exchange": "x", "routing_key": "x"}
    said = ada_in.post(page(job), {**nonsense, **more, "enabled": "on", "interval": job.interval_id})
    assert said.status_code == 302
    assert before.get() == was
    job.refresh_from_db()
    assert (job.one_off, job.exchange, job.routing_key) == (False, None, None)


def test_a_job_without_an_interval_is_refused_on_its_field(ada_in: Browser, job: PeriodicTask):
    said = ada_in.post(page(job), {"enabled": "on", "interval": ""})
    assert said.status_code == 200
    assert said.context["adminform"].form.errors["interval"]


def test_no_job_can_be_deleted(ada_in: Browser, job: PeriodicTask):
    assert ada_in.post(page(job, "delete"), {"post": "yes"}).status_code == 403
    assert PeriodicTask.objects.filter(pk=job.pk).exists()


def test_an_interval_that_a_job_goes_by_is_neither_changed_nor_deleted(ada_in: Browser, job: PeriodicTask):
    shown = ada_in.get(page(job.interval)).content.decode()
    assert job.name in shown
    changed = ada_in.post(page(job.interval), {"every": "9999", "period": "days"})
    deleted = ada_in.post(page(job.interval, "delete"), {"post": "yes"})
    bulk = {"action": "delete_selected", "_selected_action": [job.interval_id], "post": "yes"}
    ada_in.post(reverse("admin:django_celery_beat_intervalschedule_changelist"), bulk)
    assert (changed.status_code, deleted.status_code) == (403, 403)
    every = job.interval.every
    job.refresh_from_db()
    assert job.interval.every == every


def test_a_job_is_disabled_and_slowed_and_the_trail_says_from_what_to_what(
    ada_in: Browser, job: PeriodicTask
):
    other = IntervalSchedule.objects.create(every=7, period="seconds")
    assert ada_in.post(page(job), {"interval": other.pk}).status_code == 302
    was = str(job.interval)
    job.refresh_from_db()
    assert (job.enabled, job.interval) == (False, other)
    event = AuditEvent.objects.get(action="clock.changed")
    assert (event.subject, event.before) == (job.name, {"enabled": "True", "interval": was})
    assert event.after == {"enabled": "False", "interval": str(other)}


def test_an_interval_of_ones_own_can_be_made_changed_and_deleted(ada_in: Browser):
    ada_in.post(reverse("admin:django_celery_beat_intervalschedule_add"), {"every": "77", "period": "hours"})
    mine = IntervalSchedule.objects.get(every=77)
    ada_in.post(page(mine), {"every": "78", "period": "hours"})
    assert ada_in.post(page(mine, "delete"), {"post": "yes"}).status_code == 302
    assert not IntervalSchedule.objects.filter(pk=mine.pk).exists()
    events = AuditEvent.objects.filter(action="clock.changed").order_by("id")
    assert [event.subject for event in events] == ["every 77 hours", "every 78 hours", "every 78 hours"]


BEYOND = [("999999", "microseconds"), ("32", "days"), ("2147483647", "days")]


@pytest.mark.parametrize(("every", "period"), BEYOND)
def test_an_interval_that_would_flood_a_queue_or_stop_the_clock_is_refused(
    ada_in: Browser, every: str, period: str
):
    job = PeriodicTask.objects.get(name="Dispatch")
    address = reverse("admin:django_celery_beat_intervalschedule_add")
    said = ada_in.post(address, {"every": every, "period": period}).content.decode()
    assert "From one second to 31 days" in said
    assert not IntervalSchedule.objects.filter(every=every, period=period).exists()
    earlier = IntervalSchedule.objects.create(every=every, period=period)
    was = job.interval_id
    assert "From one second to 31 days" in ada_in.post(page(job), {"interval": earlier.pk}).content.decode()
    job.refresh_from_db()
    assert (job.enabled, job.interval_id) == (True, was)


def test_nobody_adds_a_job_and_one_that_was_added_can_be_deleted(ada_in: Browser):
    address = reverse("admin:django_celery_beat_periodictask_add")
    job = {"name": "Mine", "task": "margin.recompute", "args": "[1]", "kwargs": "{}", "headers": "{}"}
    interval = IntervalSchedule.objects.first()
    assert ada_in.post(address, {**job, "interval": interval.pk}).status_code == 403
    assert not PeriodicTask.objects.filter(name="Mine").exists()
    earlier = PeriodicTask.objects.create(name="Mine", task="margin.digest", interval=interval)
    assert ada_in.post(page(earlier, "delete"), {"post": "yes"}).status_code == 302
    assert not PeriodicTask.objects.filter(name="Mine").exists()


def test_a_changed_local_schedule_is_recorded_with_what_it_was(cast: Cast, ada_in: Browser):
    row = LocalSchedule.objects.create(
        name="Mornings", job="digest", desk=cast.prime, time=time(7), zone="UTC"
    )
    sent = {"name": "Mornings", "job": "digest", "time": "08:30:00", "zone": "UTC", "enabled": "on"}
    page = reverse("admin:margin_localschedule_change", args=[row.pk])
    assert ada_in.post(page, sent).status_code == 302
    told = AuditEvent.objects.get(action="clock.changed")
    assert (told.before, told.after) == ({"time": "07:00:00"}, {"time": "08:30:00"})
