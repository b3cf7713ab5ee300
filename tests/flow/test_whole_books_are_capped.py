"""Caps on what a whole book is like: found by a run, named, put into words, not set upon a part of one."""

import pytest
from django.db import IntegrityError

from margin.models import Alert, Breach
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = make_scene(cap="1000")
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=9999, stale_hard_seconds=9999)
    factories.position(made.account, eth, "-10", "3000")
    made.price("3000", code="ETH-PERP")
    return made


def test_each_kind_is_found_with_the_cap_that_binds_and_said_in_words(scene: Scene):
    factories.limit(scene.desk, "0.6", kind="one_asset")
    factories.limit(scene.desk, "0.3", kind="one_way", scope="sub_account", sub_account=scene.account)
    factories.limit(scene.desk, "1500", kind="worst_loss", scope="client", client=scene.client)
    factories.limit(scene.desk, "2500", kind="worst_loss")
    scene.step("58000")
    found = {row.rule: row for row in Breach.objects.all()}
    assert set(found) == {"client_one_asset", "sub_account_one_way", "client_worst_loss"}
    assert found["client_worst_loss"].detail["cap"] == "client ACME"
    assert (found["client_worst_loss"].measured, found["client_worst_loss"].allowed) == (2000, 1500)
    titles = set(Alert.objects.values_list("title", flat=True))
    assert titles == {
        "ACME is above its cap on one asset: 65.9 % against 60 %",
        "ACME-1 is above its cap on what goes one way: 31.8 % against 30 %",
        "ACME is above its cap on the loss of one position: 2,000.00 USD against 1,500 USD",
    }


def test_a_loss_within_the_mandate_again_is_cured(scene: Scene):
    factories.limit(scene.desk, "1500", kind="worst_loss")
    scene.step("58000")
    scene.step("59000")
    assert Breach.objects.get().state == "cured"


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        ({"value": "1.01", "kind": "one_way"}, "a_share_is_at_most_one"),
        (
            {"value": "0.5", "kind": "one_asset", "scope": "asset_class", "cap_class": "gold"},
            "a_whole_is_not",
        ),
    ],
    ids=["a share of more than all", "of a part"],
)
def test_what_makes_no_sense_cannot_be_set(scene: Scene, limit: dict[str, str], name: str):
    with pytest.raises(IntegrityError, match=name):
        factories.limit(scene.desk, **limit)
