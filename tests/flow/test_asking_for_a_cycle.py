"""Many who ask get one cycle; a change that commits while a cycle runs is not forgotten."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from margin.flow.feed import PriceReport, accept_prices
from margin.flow.lease import Lease, finish, take
from margin.flow.wanted import want_cycle
from margin.models import Run, ShardState
from tests import factories
from tests.flow.scene import make_scene

pytestmark = pytest.mark.django_db(transaction=True)
DEADLINE_SECONDS = 90.0


@pytest.fixture(autouse=True)
def shards() -> None:
    factories.shard(1)
    factories.shard(2)


def wanted() -> list[int]:
    rows = ShardState.objects.filter(wanted_at__isnull=False).order_by("shard_id")
    return list(rows.values_list("shard_id", flat=True))


def ask(shards: list[int] | None = None) -> None:
    with transaction.atomic():
        want_cycle(shards, "test")


def work(shard: int = 1) -> Lease:
    lease = take(shard)
    assert isinstance(lease, Lease)
    return lease


def done(lease: Lease) -> bool:
    with transaction.atomic():
        return finish(lease).wanted is not None


def test_nobody_named_means_everybody(sent: list[tuple[int, str]]):
    ask(None)
    assert wanted() == [1, 2]
    assert sent == [(1, "test"), (2, "test")]


def test_a_hundred_askers_send_one_message(sent: list[tuple[int, str]]):
    for _ in range(100):
        ask([1])
    assert sent == [(1, "test")]


def test_a_refused_change_asks_for_nothing(sent: list[tuple[int, str]]):
    with transaction.atomic():
        want_cycle([1], "test")
        transaction.set_rollback(True)
    assert wanted() == []
    assert sent == []


def test_who_asks_while_a_cycle_runs_gets_the_next_one(sent: list[tuple[int, str]]):
    ask([1])
    lease = work()
    assert wanted() == []
    ask([1])
    assert sent == [(1, "test")] * 2
    assert done(lease) is True
    assert done(work()) is False


def test_a_change_that_commits_after_the_cycle_took_its_view_is_still_wanted(sent: list[tuple[int, str]]):
    """The writer found the mark of an earlier one and so touched nothing; then the cycle took that mark."""
    ask([1])
    begun, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            want_cycle([1], "late")
            begun.set()
            may_commit.wait(DEADLINE_SECONDS)
        connection.close()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    assert begun.wait(DEADLINE_SECONDS)
    lease = work()
    assert wanted() == []
    may_commit.set()
    writer.join(DEADLINE_SECONDS)
    assert wanted() == [1]
    assert sent[-1] == (1, "late")
    assert done(lease) is True


def test_a_burst_of_prices_builds_no_queue_and_the_cycle_takes_the_newest(sent: list[tuple[int, str]]):
    scene = make_scene()
    sent.clear()
    for number in range(50):
        scene.now += timedelta(milliseconds=1)
        reports = [PriceReport("BTC-PERP", Decimal(60000 + number), None, None, scene.now)]
        accept_prices(source="sim", reports=reports, now=scene.now)
    assert len([shard for shard, _ in sent if shard == 1]) == 1
    scene.cycle()
    assert Run.objects.get().prices["BTC-PERP"]["mark"] == "60049"
