"""Killed at any step, a run leaves nothing half done, and the next one does it once."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from django.db import connection

from margin import tasks
from margin.book.read import newest_frame
from margin.flow import cycle, reconcile, runs
from margin.flow.parking import unpark
from margin.models import Alert, Breach, Delivery, Run, ShardState
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE_COMMIT = (
    *("load_quotes", "compute", "compose_frame", "newest_frame", "find"),
    *("enforce", "alert", "watch_prices", "restrict", "finish"),
)


class Killed(BaseException):
    """Not an Exception: nothing on the way may take it for a refusal."""


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    made.step("60000")
    made.later(1)
    made.price("55500")
    return made


def counts() -> tuple[int, int, int]:
    return Breach.objects.count(), Alert.objects.count(), Delivery.objects.count()


def dying(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    """The step does its work, or does not; then the process is gone."""
    real: Callable[..., Any] = getattr(cycle, name)

    def die(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(cycle, name, die)
    # A killed process runs no handler: it gives nothing back and writes no error.
    monkeypatch.setattr(cycle, "give_back", lambda *a, **k: None)


def let_it_lapse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE margin_shardstate SET lease_until = clock_timestamp() - interval '1 ms'")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", BEFORE_COMMIT)
def test_a_kill_before_the_commit_loses_and_doubles_nothing(scene: Scene, step: str, after: bool):
    with pytest.MonkeyPatch.context() as patch:
        dying(patch, step, after=after)
        with pytest.raises(Killed):
            scene.cycle()
    assert counts() == (0, 0, 0)
    assert scene.cycle().state == "busy"
    let_it_lapse()
    outcome = scene.cycle()
    assert (outcome.state, outcome.seq) == ("committed", 2)
    assert counts() == (1, 1, 1)
    assert Run.objects.get(pk=outcome.run).attempt == 2
    assert Run.objects.filter(state="running").count() == 0


def test_a_kill_after_the_commit_leaves_only_a_hint_and_a_frame_to_the_next_run(
    scene: Scene, hints: list[Any]
):
    with pytest.MonkeyPatch.context() as patch:
        dying(patch, "deliver", after=False)
        with pytest.raises(Killed):
            scene.cycle()
    assert counts() == (1, 1, 1)
    outcome = scene.cycle()
    assert (outcome.state, outcome.seq) == ("committed", 3)
    assert counts() == (1, 1, 1)
    frame = newest_frame(1)
    assert frame is not None
    assert frame.seq == hints[-1]["seq"] == 3


def test_a_fault_frees_the_shard_at_once_and_is_written_down(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "find", fail)
        with pytest.raises(ZeroDivisionError):
            scene.cycle()
    run = Run.objects.get(state="failed")
    assert run.error == "ZeroDivisionError: a fault of ours"
    state = ShardState.objects.get(shard=1)
    assert (state.lease_token, state.attempts) == (None, 1)
    assert state.wanted_at is not None
    assert scene.cycle().state == "committed"
    assert ShardState.objects.get(shard=1).attempts == 0


def test_a_fault_is_told_with_the_id_of_its_run(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    said: list[dict[str, Any]] = []
    fault = ZeroDivisionError("a fault of ours")

    def fail(*_: Any, **__: Any) -> None:
        raise fault

    class Log:
        def info(self, event: str, **_: Any) -> None:
            """The steps before the fault."""

        def error(self, event: str, **told: Any) -> None:
            said.append({"event": event, **structlog.contextvars.get_contextvars(), **told})

    monkeypatch.setattr(cycle, "find", fail)
    monkeypatch.setattr(runs, "log", Log())
    monkeypatch.setattr(tasks, "log", Log())
    tasks.recompute(1)
    run = Run.objects.get(state="failed")
    in_the_run = {
        "event": "run.failed",
        "run_id": str(run.pk),
        "shard": 1,
        "error": run.error,
        "exc_info": fault,
    }
    at_the_door = {"event": "task.failed", "task": "recompute", "args": (1,), "exc_info": None}
    assert said == [in_the_run, at_the_door]


def test_a_fault_before_there_is_a_run_has_its_trace_at_the_door(monkeypatch: pytest.MonkeyPatch):
    fault, said = RuntimeError("no shard"), []

    def fail(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(cycle, "take", fail)
    monkeypatch.setattr(tasks, "log", SimpleNamespace(error=lambda event, **told: said.append((event, told))))
    tasks.recompute(1)
    assert said == [("task.failed", {"task": "recompute", "args": (1,), "exc_info": fault})]


def test_three_deaths_in_a_row_park_the_shard_and_call_a_person_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("poison")

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "compute", fail)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                scene.cycle()
        assert reconcile.reconcile().parked == 1
        assert reconcile.reconcile().parked == 0
        assert Run.objects.filter(state="failed").count() == 3
        assert scene.cycle().state == "parked"
    alert = Alert.objects.get()
    assert (alert.reason, alert.severity) == ("shard_parked", "critical")
    assert "ZeroDivisionError: poison" in alert.text
    assert Delivery.objects.count() == 1
    assert unpark(1)
    assert not unpark(1)
    assert Alert.objects.get().state == "resolved"
    assert scene.cycle().state == "committed"


def test_a_database_that_was_away_is_not_held_against_the_run(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    from django.db import OperationalError

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("the database is restarting")

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "find", away)
        for _ in range(5):
            with pytest.raises(OperationalError):
                scene.cycle()
    assert ShardState.objects.get(shard=1).attempts == 0
    assert scene.cycle().state == "committed"


def test_a_connection_that_died_under_a_run_is_not_held_against_it_either(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    from django.db import OperationalError

    def cut_off(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "compute", cut_off)
        with pytest.raises(OperationalError):
            scene.cycle()
    state = ShardState.objects.get(shard=1)
    assert (state.attempts, state.lease_until) == (0, None), "the next run need not wait for a lease to lapse"
    assert scene.cycle().state == "committed"


def test_a_full_disk_stops_the_frame_and_nothing_else(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, hints: list[Any]
):
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("margin.flow.deliver.write_frame", full)
    assert scene.cycle().state == "committed"
    assert counts() == (1, 1, 1)
    assert hints[-1]["seq"] == 2
