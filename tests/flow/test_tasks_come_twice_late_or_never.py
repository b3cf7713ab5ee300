"""Messages repeated, shuffled and lost leave the same rows as each once and in order."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from margin import tasks
from margin.book.read import account_rows
from margin.flow import cycle
from margin.models import Alert, Breach, Delivery, Heartbeat, Run
from margin.notify import outbox
from riskdesk.celery import app
from riskdesk.clock import pinned
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = ("60000", "57000", "55500", "50500", "60000", "55400")


def recompute(scene: Scene, trigger: str = "prices") -> None:
    with pinned(scene.now):
        tasks.recompute(1, trigger)


def what_stands() -> dict[str, Any]:
    last = account_rows()[0]
    return {
        "breaches": sorted(Breach.objects.values_list("rule", "subject", "state", "measured")),
        "live": sorted(Alert.objects.exclude(state="resolved").values_list("reason", "title")),
        "row": {key: value for key, value in last.items() if key not in ("run", "seq")},
    }


def play(send: Callable[[Scene], None]) -> dict[str, Any]:
    scene = make_scene()
    for price in PRICES:
        scene.later(1)
        scene.price(price)
        send(scene)
    scene.later(1)
    recompute(scene, "schedule")
    return what_stands()


def wipe() -> None:
    from django.core.management import call_command

    from margin.flow import shelf

    call_command("flush", interactive=False, verbosity=0)
    shelf.forget(1)
    shelf.forget(2)


def test_every_message_three_times_in_any_order_is_as_good_as_once():
    expected = play(recompute)
    told = Alert.objects.count(), Delivery.objects.count()
    wipe()
    shuffled = random.Random(3)

    def many(scene: Scene) -> None:
        messages = ["prices", "schedule", "recovery"] * 3
        shuffled.shuffle(messages)
        for trigger in messages:
            recompute(scene, trigger)

    assert play(many) == expected
    assert (Alert.objects.count(), Delivery.objects.count()) == told
    assert list(Run.objects.order_by("seq").values_list("seq", flat=True)) == list(
        range(1, Run.objects.count() + 1)
    )


def test_a_message_that_finds_nothing_wanted_does_nothing():
    scene = make_scene()
    scene.step("60000")
    recompute(scene)
    assert Run.objects.count() == 1


def recompute_with_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cycle, "run_cycle", fail)
    tasks.recompute(1, "schedule")


def test_a_fault_ends_at_the_door_and_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    recompute_with_a_fault(monkeypatch)
    assert "task.failed" in caplog.text


def test_finished_work_proves_the_worker_alive_when_a_full_queue_drops_the_clocks_beat():
    scene = make_scene()
    scene.step("60000")
    recompute(scene, "schedule")
    assert Heartbeat.objects.filter(name="risk").exists()


def test_a_pass_of_the_outbox_proves_itself_by_its_end(monkeypatch: pytest.MonkeyPatch):
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "send_due", fail)
        tasks.dispatch()
    assert not Heartbeat.objects.filter(name="outbox").exists()
    tasks.dispatch()
    assert Heartbeat.objects.filter(name="outbox").exists()


def test_a_failed_cycle_proves_nothing(monkeypatch: pytest.MonkeyPatch):
    recompute_with_a_fault(monkeypatch)
    assert not Heartbeat.objects.exists()


def test_every_job_of_the_clock_has_its_task():
    from riskdesk.schedule import jobs

    scene = make_scene()
    assert scene
    assert {job.task for job in jobs()} <= set(app.tasks)
