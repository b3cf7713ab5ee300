"""A parked shard is tried again once a minute: overload passes, poison stays parked."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from margin import tasks
from margin.flow import cycle
from margin.flow.reconcile import reconcile
from margin.models import Alert, Delivery, Run, ShardState
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    made.step("60000")
    return made


@pytest.fixture
def overloaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def too_slow(*_: Any, **__: Any) -> None:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "compute", too_slow)
        yield patch


def state() -> ShardState:
    return ShardState.objects.get(shard=1)


def beat(times: int = 1) -> None:
    """What the clock sends every five seconds."""
    for _ in range(times):
        tasks.recompute(1, "schedule")


def a_minute_goes_by(*, seconds: int = 61) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE margin_shardstate SET parked_at = parked_at - make_interval(secs => %s)", [seconds]
        )


def told() -> Alert:
    return Alert.objects.get(reason=Alert.Reason.SHARD_PARKED)


def failed() -> int:
    return Run.objects.filter(state="failed").count()


def test_the_clock_alone_parks_what_runs_out_of_time(scene: Scene, overloaded: pytest.MonkeyPatch):
    beat(3)
    assert state().parked_at is None
    beat(3)
    assert (state().parked_at is not None, failed()) == (True, 3)
    assert told().state == "open"


def test_after_a_minute_one_attempt_that_succeeds_ends_it(scene: Scene, overloaded: pytest.MonkeyPatch):
    beat(4)
    overloaded.undo()
    a_minute_goes_by(seconds=30)
    beat(3)
    assert state().parked_at is not None
    a_minute_goes_by(seconds=31)
    beat()
    assert (state().parked_at, state().parked_reason, state().attempts, state().seq) == (None, "", 0, 2)
    assert told().state == "resolved"


def test_one_that_fails_leaves_it_parked_for_another_minute_and_says_nothing_new(
    scene: Scene, overloaded: pytest.MonkeyPatch
):
    beat(4)
    a_minute_goes_by()
    beat(3)
    assert (state().parked_at is not None, failed()) == (True, 4)
    assert (told().state, Delivery.objects.count()) == ("open", 1)


def test_the_reconciler_asks_for_the_attempt_when_the_clock_does_not(
    scene: Scene, overloaded: pytest.MonkeyPatch
):
    beat(4)
    assert (reconcile().sent, reconcile().parked) == (0, 0)
    a_minute_goes_by()
    assert (reconcile().sent, reconcile().parked) == (1, 0)


@pytest.mark.parametrize("left", ["wanted_at", "lease_until"])
def test_whatever_a_stop_left_behind_the_clocks_next_beat_runs(scene: Scene, left: str):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE margin_shardstate SET {left} = clock_timestamp() - interval '1 hour'")
    scene.price("60001")
    beat()
    assert (state().wanted_at, state().seq) == (None, 2)
