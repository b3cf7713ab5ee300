"""An alert is about a desk: what one of its shards sees, another that does not see it leaves alone."""

import pytest

from margin.flow.cycle import run_cycle
from margin.flow.parking import park, unpark
from margin.models import Alert, ShardState
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    """ACME holds BTC in shard 1, ZEDD ETH in shard 2, both with money enough."""
    made = make_scene(cash="1000000")
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=60, stale_hard_seconds=120)
    other = factories.sub_account("ZEDD-1", of=factories.client("ZEDD", of=made.desk, shard_number=2))
    factories.balance(other, "1000000")
    factories.position(other, eth, "10", "3000")
    made.price("60000")
    made.price("3000", code="ETH-PERP")
    return made


def run_both(scene: Scene) -> None:
    with scene.clock():
        assert {run_cycle(shard=number, trigger="test").state for number in (1, 2)} == {"committed"}


def told() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("id").values_list("title", "state"))


def test_a_doubt_stands_until_the_price_comes_whoever_holds_it(scene: Scene):
    run_both(scene)
    scene.later(121)
    scene.price("60000")
    for _ in range(2):
        run_both(scene)
    assert told() == [("The price of ETH-PERP is stale", "open")]
    scene.price("3000", code="ETH-PERP")
    run_both(scene)
    assert told() == [("The price of ETH-PERP is stale", "resolved")]


def test_a_shard_that_goes_on_resolves_its_own_alert_only(scene: Scene):
    ShardState.objects.update(attempts=3)
    assert park(1)
    assert park(2)
    assert unpark(1)
    assert [(title[:18], state) for title, state in told()] == [
        ("Figures of shard 1", "resolved"),
        ("Figures of shard 2", "open"),
    ]
