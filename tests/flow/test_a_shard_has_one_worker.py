"""The lease: one worker at a time, by the database's clock, and a stale one cannot commit."""

import pytest
from django.db import connection, transaction

from margin.book.read import newest_frame
from margin.flow import cycle
from margin.flow.cycle import run_cycle
from margin.flow.lease import Lease, LeaseLost, NotTaken, finish, give_back, take
from margin.flow.wanted import want_cycle
from margin.models import Alert, Breach, Delivery, Run, ShardState
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def taken(shard: int = 1) -> Lease:
    lease = take(shard)
    assert isinstance(lease, Lease)
    return lease


def let_it_lapse(shard: int = 1) -> None:
    """As if five seconds had gone by on the database's clock."""
    past = "UPDATE margin_shardstate SET lease_until = clock_timestamp() - interval '1 ms'"
    with connection.cursor() as cursor:
        cursor.execute(f"{past} WHERE shard_id = %s", [shard])


def test_while_one_works_another_is_turned_away(scene: Scene):
    taken()
    assert take(1) is NotTaken.BUSY
    assert run_cycle(shard=1, trigger="test").state == "busy"
    assert not Run.objects.exists()


def test_a_lease_that_lapsed_is_taken_over_with_another_token(scene: Scene):
    first = taken()
    let_it_lapse()
    second = taken()
    assert second.token != first.token
    assert (first.attempt, second.attempt) == (1, 2)


def test_renewing_a_lost_lease_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    first = taken()
    first.keep_alive()
    let_it_lapse()
    taken()
    monkeypatch.setattr("margin.flow.lease.RENEW_SECONDS", 0.0)
    with pytest.raises(LeaseLost):
        first.keep_alive()


def test_renewing_pushes_the_end_of_the_lease(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    lease = taken()
    before = ShardState.objects.get(shard=1).lease_until
    monkeypatch.setattr("margin.flow.lease.RENEW_SECONDS", 0.0)
    lease.keep_alive()
    after = ShardState.objects.get(shard=1).lease_until
    assert before is not None
    assert after is not None
    assert after > before


def test_numbers_are_given_without_gaps_also_when_runs_are_lost(scene: Scene):
    for _ in range(2):
        with transaction.atomic():
            finish(taken())
    lost = taken()
    let_it_lapse()
    winner = taken()
    with pytest.raises(LeaseLost), transaction.atomic():
        finish(lost)
    with transaction.atomic():
        assert finish(winner).seq == 3


def test_a_worker_that_was_paused_before_its_commit_leaves_nothing_behind(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    """SIGSTOP in the middle of the transaction; another worker runs; SIGCONT."""
    scene.step("60000")
    scene.later(1)
    scene.price("55500")
    inner: list[str] = []
    real = cycle.alert

    def paused(*args: object, **kwargs: object) -> object:
        told = real(*args, **kwargs)
        monkeypatch.setattr(cycle, "alert", real)
        with connection.cursor() as cursor:  # the same connection: what another worker would have done
            cursor.execute("UPDATE margin_shardstate SET lease_token = gen_random_uuid() WHERE shard_id = 1")
        inner.append("overtaken")
        return told

    monkeypatch.setattr(cycle, "alert", paused)
    assert scene.cycle().state == "fenced_off"
    assert inner == ["overtaken"]
    assert not Breach.objects.exists()
    assert not Alert.objects.exists()
    assert not Delivery.objects.exists()
    frame = newest_frame(1)
    assert frame is not None
    assert frame.seq == 1
    assert Run.objects.filter(state="committed").count() == 1
    give_back(Lease(1, ShardState.objects.get(shard=1).lease_token, 1, 0.0), counted=False)
    assert scene.cycle().state == "committed"
    assert Breach.objects.count() == Alert.objects.count() == Delivery.objects.count() == 1


def test_only_what_is_wanted_is_worked_when_asked_so(scene: Scene):
    assert run_cycle(shard=1, trigger="prices", only_if_wanted=True).state == "not_wanted"
    scene.price("60000")
    with scene.clock():
        assert run_cycle(shard=1, trigger="prices", only_if_wanted=True).state == "committed"
        assert run_cycle(shard=1, trigger="prices", only_if_wanted=True).state == "not_wanted"


def test_a_wish_said_twice_is_worked_once_however_many_come_after(scene: Scene):
    """Else each word said twice would stay in the queue for ever, while new prices keep the shard wanted."""
    first = wish()
    with scene.clock():
        assert run_cycle(shard=1, trigger="prices", only_if_wanted=True, mark=first).state == "committed"
        second = wish()
        assert second != first
        assert run_cycle(shard=1, trigger="recovery", only_if_wanted=True, mark=first).state == "not_wanted"
        assert run_cycle(shard=1, trigger="prices", only_if_wanted=True, mark=second).state == "committed"


def wish() -> str:
    with transaction.atomic():
        want_cycle([1], "prices")
    return ShardState.objects.get(shard=1).wanted_at.isoformat()


def test_two_shards_are_worked_each_by_its_own(scene: Scene):
    factories.shard(2)
    taken(1)
    assert isinstance(take(2), Lease)


def test_an_unknown_shard_is_said_to_be_unknown():
    factories.shard()
    assert run_cycle(shard=7, trigger="test").state == "no_such_shard"
