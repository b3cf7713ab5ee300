"""/readyz is 200 only while everything a figure needs is fresh; otherwise 503 with the reason."""

import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
import redis
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from structlog.testing import capture_logs

from margin.flow import vitals
from margin.flow.heartbeat import beat
from margin.flow.vitals import database_time
from margin.models import Calendar, Delivery, Heartbeat, Instrument, Quote, Run, ShardState
from riskdesk import broker, clock
from tests import factories

pytestmark = pytest.mark.usefixtures("well")


def ask(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def reason(client):
    status, answer = ask(client)
    assert status == 503
    assert answer["ready"] is False
    return answer["reason"]


def test_a_desk_in_order_is_ready_and_shows_its_figures(client):
    status, answer = ask(client)
    assert (status, answer["reason"]) == (200, "")
    assert set(answer["checks"]) == {
        "database",
        "clock",
        "feed",
        "recompute",
        "heartbeat",
        "valkey",
        "disk",
        "jobs",
        "mail",
    }
    assert answer["checks"]["valkey"]["waiting"]["general"] == 3
    assert answer["checks"]["feed"]["age_seconds"] < 30


def test_a_silent_feed(client, well):
    Quote.objects.update(received_at=well - timedelta(minutes=2))
    assert reason(client) == "feed: no price for 120 s"


def test_a_desk_that_never_had_a_price(client):
    Quote.objects.all().delete()
    assert reason(client) == "feed: no price yet"


def test_a_silent_feed_is_no_fault_while_nothing_trades(client, well):
    Quote.objects.update(received_at=well - timedelta(days=2))
    Calendar.objects.update(holidays=[str((well + timedelta(days=n)).date()) for n in (-1, 0, 1)])
    assert ask(client)[0] == 200


def test_a_silent_feed_is_no_fault_where_there_is_no_instrument(client):
    Quote.objects.all().delete()
    Instrument.objects.update(active=False)
    assert ask(client)[0] == 200


def test_old_figures(client, well):
    Run.objects.update(committed_at=well - timedelta(seconds=75))
    assert reason(client) == "recompute: figures are 75 s old"


def test_no_figures_yet(client):
    Run.objects.update(state=Run.State.RUNNING, committed_at=None)
    assert reason(client) == "recompute: no figures yet"


def test_a_shard_that_waits_for_a_person(client, well):
    ShardState.objects.update(parked_at=well, parked_reason="three attempts died")
    assert reason(client) == "recompute: shard 1 is parked after failed attempts"


def test_a_worker_that_takes_no_messages(client, well):
    Heartbeat.objects.filter(name="risk").update(beaten_at=well - timedelta(seconds=40))
    assert reason(client) == "heartbeat: no beat from the workers of risk"


def test_a_worker_that_was_never_there_until_it_beats(client):
    Heartbeat.objects.filter(name="general").delete()
    assert reason(client) == "heartbeat: no beat from the workers of general"
    beat("general")
    beat("general")
    assert ask(client)[0] == 200


def test_a_clock_that_differs_from_the_databases(client, well, monkeypatch):
    monkeypatch.setattr(vitals, "database_time", database_time)  # which runs on
    with clock.pinned(well + timedelta(minutes=5)):
        assert "ahead of the database" in reason(client)
    with clock.pinned(well - timedelta(minutes=5)):
        assert "behind the database" in reason(client)


def test_a_broker_that_is_away(client, monkeypatch):
    def away():
        raise redis.ConnectionError("Error 111 connecting to 10.0.0.7:6379")

    monkeypatch.setattr(broker, "queue_lengths", away)
    assert reason(client) == "valkey: does not answer"


def test_a_database_that_is_away_is_told_without_its_address_which_the_log_has(client, monkeypatch):
    said = "connection to server at 10.0.0.7, port 5432 failed"

    def away():
        raise OperationalError(said)

    monkeypatch.setattr("riskdesk.health.take_vitals", away)
    with capture_logs() as told:
        assert reason(client) == "database: does not answer"
    assert [line["error"] for line in told if line["event"] == "database.unreadable"] == [said]


def test_a_database_that_was_not_migrated(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE margin_heartbeat RENAME TO elsewhere")
    assert reason(client) == "database: not migrated"


def test_a_full_disk(client, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 97, 3))
    assert reason(client) == "disk: only 3% free"


@pytest.mark.parametrize(
    "done",
    [{"enabled": False}, {"name": "x", "args": "[7]"}, {"queue": "nowhere"}, {"task": "margin.nonsense"}],
    ids=str,
)
@pytest.mark.parametrize("name", ["Recompute shard 1", "Reconcile", "Dispatch", "Escalate"])
def test_a_vital_job_that_does_not_come_is_a_problem_of_a_desk_that_is_ready(client, name, done):
    PeriodicTask.objects.filter(name=name).update(**done)
    status, answer = ask(client)
    assert (status, answer["problems"]) == (200, [f"jobs: disabled, missing or too rare: {name}"])
    assert not answer["checks"]["jobs"]["ok"]


def test_a_vital_job_made_rare_is_a_problem(client):
    rare = IntervalSchedule.objects.create(every=2, period="minutes")
    PeriodicTask.objects.filter(name="Dispatch").update(interval=rare)
    assert ask(client)[1]["problems"] == ["jobs: disabled, missing or too rare: Dispatch"]


@pytest.mark.parametrize(
    ("attempts", "created", "due", "told"),
    [
        (0, 400, 400, True),
        (0, 400, -4, True),  # the mail server is away, the next try is near
        (2, 400, 310, True),
        (2, 400, -30, False),  # refused for now, and put off
        (0, 200, 200, False),
    ],
)
def test_mail_that_waits_is_a_problem_of_a_desk_that_is_ready(client, well, attempts, created, due, told):
    with clock.pinned(well):
        Delivery.objects.create(
            desk=factories.desk(),
            kind="alert",
            recipient="rita@desk.example",
            subject="x",
            attempts=attempts,
            created_at=well - timedelta(seconds=created),
            due_at=well - timedelta(seconds=due),
        )
    status, answer = ask(client)
    assert (status, bool(answer["problems"])) == (200, told)
    assert answer["checks"]["mail"]["ok"] is not told


def test_an_outbox_whose_passes_all_fail_is_a_problem_of_a_desk_that_is_ready(client, well):
    Heartbeat.objects.filter(name="outbox").update(beaten_at=well - timedelta(seconds=301))
    assert ask(client)[1]["problems"] == ["mail: no pass of the outbox came to its end for 301 s"]
    Heartbeat.objects.filter(name="outbox").delete()
    status, answer = ask(client)
    assert (status, answer["problems"]) == (200, ["mail: no pass of the outbox came to its end yet"])


def test_several_faults_are_all_named(client, well):
    Quote.objects.all().delete()
    Run.objects.update(committed_at=well - timedelta(seconds=75))
    assert reason(client) == "feed: no price yet; recompute: figures are 75 s old"


def test_the_process_itself_answers_whatever_the_rest_does(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_read_only_and_are_never_cached(client, path):
    assert client.post(path).status_code == 405
    assert "no-store" in client.get(path).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nobodys_session_is_looked_up(client, cast, monkeypatch, path):
    def away(self):
        raise OperationalError("gone")

    client.force_login(cast.rita)
    monkeypatch.setattr(SessionStore, "load", away)
    assert client.get(path).status_code == 200
