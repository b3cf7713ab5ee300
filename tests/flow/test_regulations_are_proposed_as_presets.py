"""The caps of a regulation become proposals with dates and source; a second person decides on each."""

from datetime import date

import pytest

from accounts.models import Proposal
from margin.flow.change import approve
from margin.flow.presets import PRESETS, Loaded, Preset, changes_of, load_preset
from margin.models import Limit
from tests import factories
from tests.conftest import Cast
from tests.flow.scene import Scene, make_scene

NOW = factories.MONDAY_NOON
PUBLISHED = {
    "fx_major": 30, "fx_minor": 20, "gold": 20, "index_major": 20, "commodity": 10, "index_minor": 10,
    "equity": 5, "other": 5, "crypto": 2,
}  # fmt: skip


def loaded(cast: Cast, name: str = "retail_eu") -> Loaded:
    found = load_preset(preset=PRESETS[name], desk=cast.prime, person=cast.ada, now=NOW)
    assert isinstance(found, Loaded), found
    return found


@pytest.mark.django_db
def test_each_cap_is_a_proposal_of_its_own_and_none_is_in_force(cast: Cast):
    made = loaded(cast).made
    told = {one.change.get("cap_class", ""): int(one.change["value"]) for one in made}
    assert told == PUBLISHED | {"": 30}
    assert {one.state for one in made} == {"proposed"}
    assert "2018/796" in made[0].reason
    assert not Limit.objects.exists()


@pytest.mark.django_db
def test_what_stands_or_waits_already_is_not_proposed_again(cast: Cast):
    first = loaded(cast)
    assert approve(proposal=first.made[0], person=cast.eve, now=NOW).state == "approved"
    again = loaded(cast)
    assert (len(again.made), again.kept) == (0, len(first.made))
    factories.limit(cast.prime, "3", scope="asset_class", cap_class="crypto", regulatory_class="retail_au")
    assert [one.change["value"] for one in loaded(cast, "retail_au").made if one.before] == ["2"]


@pytest.mark.django_db
def test_nobody_proposes_a_preset_who_may_not_propose(cast: Cast):
    said = load_preset(preset=PRESETS["retail_eu"], desk=cast.prime, person=cast.rita, now=NOW)
    assert isinstance(said, list)
    assert said[0].rule == "not_allowed"
    assert not Proposal.objects.exists()


@pytest.mark.django_db
def test_a_professional_has_no_cap_by_rule(cast: Cast):
    said = load_preset(preset=PRESETS["professional"], desk=cast.prime, person=cast.ada, now=NOW)
    assert isinstance(said, list)
    assert said[0].rule == "no_caps"


@pytest.mark.django_db
def test_a_rule_to_come_has_its_dates_and_one_that_holds_counts_from_its_approval(cast: Cast):
    rule = Preset("x", "X", PRESETS["retail_eu"].regulatory_class, "x", date(2027, 1, 1), {"gold": "20"},
                  until=date(2031, 1, 1))  # fmt: skip
    (change,) = changes_of(rule, cast.prime, NOW)
    assert (change["valid_at"], change["valid_to"]) == (
        "2027-01-01T00:00:00+00:00",
        "2031-01-01T00:00:00+00:00",
    )
    assert all("valid_at" not in one for one in changes_of(PRESETS["retail_eu"], cast.prime, NOW))


@pytest.mark.django_db(transaction=True)
def test_a_cap_on_an_asset_class_is_asked_of_each_pool_and_names_itself():
    from margin.models import Alert, Breach

    scene: Scene = make_scene(cap="100", cash="40000")
    factories.limit(scene.desk, "2", scope="asset_class", cap_class="crypto")
    factories.limit(
        scene.desk, "1.4", scope="asset_class", cap_class="crypto", regulatory_class="professional"
    )
    factories.limit(scene.desk, "1", scope="asset_class", cap_class="gold")
    scene.step("60000")
    (row,) = Breach.objects.all()
    assert (row.rule, row.subject, row.measured) == (
        "asset_class_leverage",
        "account:ACME-1/cross/crypto",
        1.5,
    )
    assert row.detail["cap"] == "crypto of class professional of PRIME"
    assert Alert.objects.get().title == "ACME-1 in crypto is above its leverage cap: 1.50 against 1.4"
