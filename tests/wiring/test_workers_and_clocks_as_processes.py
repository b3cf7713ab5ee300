"""Real processes: workers that keep and mend their connection and stop; a clock that takes over."""

import contextlib
import json

import pytest
import redis
import structlog
from celery import Celery
from django.db import connection, transaction

from margin.models import Heartbeat
from riskdesk.schedule import seed_clock, seed_shards
from tests.wiring.processes import Process, private_broker, until

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
OTHERS = (  # vacuum may be here too
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


@pytest.fixture
def broker():
    with redis.Redis.from_url(private_broker()) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def start():
    """Starts a process; whatever is left of them at the end is killed."""
    started = []

    def begin(*arguments, **variables):
        started.append(Process(*arguments, **variables))
        return started[-1]

    yield begin
    for process in started:
        if process.process.poll() is None:
            process.kill()


@pytest.fixture
def send(broker):
    """Puts a heartbeat into a queue, with the ids of a request at hand."""
    with Celery("sender", broker=private_broker()) as sender:

        def beat(queue, **ids):
            with structlog.contextvars.bound_contextvars(**ids):
                sender.send_task("margin.heartbeat", args=[queue], queue=queue, ignore_result=True)

        yield beat


def rows(question):
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchall()


def beaten(queue):
    return Heartbeat.objects.filter(name=queue).values_list("beaten_at", flat=True).first()


def pid_of_next_beat(queue, send):
    before = beaten(queue)
    send(queue)
    until(lambda: beaten(queue) != before)
    return Heartbeat.objects.get(name=queue).detail["pid"]


def test_a_worker_works_with_one_connection_mends_it_and_stops_when_asked(start, send, tmp_path):
    file = tmp_path / "heartbeat"
    strangers = [pid for (pid,) in rows(f"SELECT pid {OTHERS}")]  # what tests before this one have left open
    mine = f"{OTHERS} AND pid <> ALL(ARRAY{strangers}::int[])"
    worker = start("worker", "-Q", "general", "-n", "g@%h", RISKDESK_HEARTBEAT=str(file))
    until(lambda: worker.said("worker.ready"))

    send("general", request_id="req-1", run_id="run-1")
    first = until(lambda: beaten("general"))
    until(file.exists)
    (line,) = until(
        lambda: [line for line in worker.said("task_started") if line.get("request_id") == "req-1"]
    )
    assert (line["run_id"], line["task"]) == ("run-1", "margin.heartbeat")

    (before,) = until(lambda: rows(f"SELECT pid {mine}"))
    send("general")
    second = until(lambda: (at := beaten("general")) and at > first and at)
    assert rows(f"SELECT pid {mine}") == [before]

    assert rows(f"SELECT pg_terminate_backend(pid, 90000) {mine}") == [(True,)]
    send("general")
    until(lambda: beaten("general") > second)
    assert worker.said("task.failed") == worker.said("task_failed") == []

    assert worker.end() == 0
    assert worker.odd == []
    assert {"time", "level", "event", "logger"} <= set.intersection(*(set(line) for line in worker.lines))


def test_a_risk_worker_has_one_process_that_is_never_replaced_for_its_age(start, send):
    worker = start("worker", "-Q", "risk", "-n", "r@%h")
    until(lambda: worker.said("worker.ready"))
    pids = {pid_of_next_beat("risk", send) for _ in range(3)}
    assert len(pids) == 1
    assert worker.end() == 0


def test_a_worker_asked_to_stop_hands_back_what_it_cannot_finish(start, send, broker):
    worker = start("worker", "-Q", "general", "-n", "g@%h")
    until(lambda: worker.said("worker.ready"))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE margin_heartbeat IN ACCESS EXCLUSIVE MODE")
        send("general")
        until(lambda: worker.said("task_started"))
        worker.end()
    assert broker.llen("general") == 1
    assert broker.hlen("unacked") == 0


def test_a_clock_takes_over_when_the_leader_is_killed(start, broker):
    seed_shards()
    seed_clock()
    clocks = [start("beat", "--pidfile="), start("beat", "--pidfile=")]
    leader = until(lambda: next((clock for clock in clocks if clock.said("clock.leads")), None))
    (other,) = [clock for clock in clocks if clock is not leader]
    until(lambda: other.said("clock.waits_for_the_leader"))
    until(lambda: broker.llen("general") > 3)
    assert other.said("clock.leads") == []

    leader.kill()
    broker.flushdb()
    until(lambda: other.said("clock.leads"))
    until(lambda: broker.llen("general") > 0 and broker.llen("risk") > 0)
    assert other.end() == 0
    assert other.odd == []


def test_two_clocks_together_send_no_more_than_one(start, broker):
    seed_clock()
    clocks = [start("beat", "--pidfile="), start("beat", "--pidfile=")]
    until(lambda: any(clock.said("clock.waits_for_the_leader") for clock in clocks))
    since = broker.llen("general")
    until(lambda: broker.llen("general") > since + 5)
    senders = {json.loads(message)["headers"]["origin"] for message in broker.lrange("general", 0, -1)}
    assert len(senders) == 1


def test_a_broker_that_dies_and_comes_back_empty_is_filled_again(start, broker):
    """Its connections are cut and its memory emptied, which is what a restart without a disk leaves."""
    seed_clock()
    clock = start("beat", "--pidfile=")
    until(lambda: broker.llen("general") > 0)
    for client in broker.client_list():
        if str(client["db"]) == private_broker().rsplit("/", 1)[1] and client["cmd"] != "client|list":
            with contextlib.suppress(redis.ResponseError):
                broker.client_kill(client["addr"])
    broker.flushdb()
    until(lambda: broker.llen("general") > 0)
    assert clock.process.poll() is None


def test_ids_bound_here_travel_with_every_message(monkeypatch):
    from riskdesk.celery import app

    sent = []
    with app.producer_or_acquire() as producer:
        monkeypatch.setattr(producer, "publish", lambda *a, **k: sent.append(k["headers"]))
        with structlog.contextvars.bound_contextvars(request_id="req-9", run_id="run-9"):
            app.send_task("margin.heartbeat", args=["general"], producer=producer)
    (headers,) = sent
    assert {"request_id": "req-9", "run_id": "run-9"}.items() <= headers["__django_structlog__"].items()
