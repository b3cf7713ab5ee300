"""What a lost message left undone is said again; what is well is left alone."""

from collections.abc import Iterator

import pytest
from django.db import connection

from margin.flow import reconcile as module
from margin.flow.lease import take
from margin.flow.reconcile import LOOK, reconcile
from margin.models import ShardState
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
NOW = "'2026-03-02 12:00+00'::timestamptz"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    kept: list[tuple[int, str]] = []
    monkeypatch.setattr(
        module, "send_recompute", lambda shard, trigger, mark=None: kept.append((shard, trigger))
    )
    return kept


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    made.step("60000")
    return made


@pytest.fixture(autouse=True)
def database_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the reconciler: it is about a second more or less, which a busy machine takes anywhere."""
    monkeypatch.setattr("margin.flow.reconcile.LOOK", LOOK.replace("clock_timestamp()", NOW))


def age(column: str, seconds: float, table: str = "margin_shardstate") -> None:
    """Make a time of the row older, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {NOW} - make_interval(secs => %s)", [seconds])


@pytest.fixture(autouse=True)
def committed_just_now(scene: Scene) -> None:
    age("committed_at", 0, "margin_run")


def test_a_shard_that_is_well_is_left_alone(said: list[tuple[int, str]]):
    reconcile()
    assert said == []


def test_a_word_that_was_lost_is_said_again_after_two_seconds(scene: Scene, said: list[tuple[int, str]]):
    age("wanted_at", 1)
    reconcile()
    assert said == []
    age("wanted_at", 2.1)
    reconcile()
    assert said == [(1, "recovery")]


def test_silence_of_ten_seconds_is_broken(said: list[tuple[int, str]]):
    age("committed_at", 9, "margin_run")
    reconcile()
    assert said == []
    age("committed_at", 10.1, "margin_run")
    reconcile()
    assert said == [(1, "recovery")]
    assert ShardState.objects.get(shard=1).wanted_at is not None


def test_a_worker_that_died_is_found_by_its_lease(said: list[tuple[int, str]]):
    take(1)
    reconcile()
    assert said == []
    age("lease_until", 0.001)
    reconcile()
    assert said == [(1, "recovery")]


def test_a_shard_that_is_being_worked_is_left_alone_though_wanted_and_silent(said: list[tuple[int, str]]):
    take(1)
    age("wanted_at", 5)
    age("committed_at", 60, "margin_run")
    reconcile()
    assert said == []


def test_a_shard_that_never_ran_is_started(scene: Scene, said: list[tuple[int, str]]):
    ShardState.objects.update(seq=0)
    reconcile()
    assert said == [(1, "recovery")]
