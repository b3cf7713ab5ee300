"""A temporary excess is asked for by one, approved by another, and over by itself.

ACME holds 1 BTC on 5,000 USD at 60,000: leverage 12 under a cap of 10.
"""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Proposal, Role, User
from margin.flow.change import approve, propose
from margin.models import Breach, TemporaryExcess
from margin.whatif.dry_run import dry_run
from margin.whatif.moves import DryRun
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = make_scene(cash="5000")
    factories.grant(factories.person("eve"), made.desk, Role.LIMITS_ADMIN)
    factories.grant(factories.person("vic"), made.desk, Role.VIEWER)
    return made


def ask(scene: Scene, by: str = "rita", hours: float = 1, **change: Any) -> Proposal | list[Any]:
    until = scene.now + timedelta(hours=hours)
    said = {
        "desk": "PRIME",
        "client": "ACME",
        "kind": "leverage",
        "value": "15",
        "valid_to": until.isoformat(),
    }
    person = User.objects.get(username=by)
    return propose(
        kind="excess",
        change=said | change,
        desk=scene.desk,
        reason="Funds arrive",
        person=person,
        now=scene.now,
    )


def granted(scene: Scene, **change: Any) -> None:
    made = ask(scene, **change)
    assert isinstance(made, Proposal), made
    said = approve(proposal=made, person=User.objects.get(username="eve"), now=scene.now)
    assert isinstance(said, Proposal), said


def state() -> str:
    return Breach.objects.get(rule="client_leverage").state


def test_the_breach_ends_with_its_approval_and_comes_back_by_itself_when_it_is_over(scene: Scene):
    scene.step("60000")
    assert state() == "open"
    granted(scene)
    assert state() == "open"
    scene.step("60000")
    assert state() == "cured"
    scene.step("60000", seconds=3600)
    breach = Breach.objects.get(rule="client_leverage")
    assert (breach.state, breach.allowed, breach.reason) == ("open", 10, "over_limit")
    assert breach.detail["openings"] == 2


def test_what_binds_meanwhile_is_named_with_its_end(scene: Scene):
    granted(scene)
    scene.step("60000")
    assert state() == "warning"
    named = Breach.objects.get().detail["cap"]
    assert named == "desk PRIME, in excess until 2026-03-02 13:00 UTC"


def test_other_kinds_and_other_clients_are_asked_as_before(scene: Scene):
    other = factories.sub_account("OTHER-1", of=factories.client("OTHER", of=scene.desk))
    factories.balance(other, "5000")
    factories.position(other, scene.btc, "1", "60000")
    factories.limit(scene.desk, "50000", kind="gross", scope="client", client=scene.client)
    granted(scene)
    scene.step("60000")
    found = set(Breach.objects.filter(state="open").values_list("rule", "subject"))
    assert found == {("client_gross", "client:ACME"), ("client_leverage", "client:OTHER")}


def test_a_dry_run_says_whose_breach_would_end(scene: Scene):
    scene.step("60000")
    made = ask(scene)
    assert isinstance(made, Proposal)
    found = dry_run(kind="excess", change=made.change, desks=[scene.desk])
    assert isinstance(found, DryRun)
    assert [move.client for move in found.kept_again] == ["ACME"]


@pytest.mark.parametrize(
    ("by", "change", "rule"),
    [
        ("vic", {}, "not_allowed"),
        ("rita", {"hours": 24 * 93}, "invalid"),
        ("rita", {"hours": -1}, "invalid"),
        ("rita", {"valid_to": None}, "invalid"),
        ("rita", {"value": "0"}, "invalid"),
        ("rita", {"client": "NOBODY"}, "not_understood"),
    ],
    ids=str,
)
def test_what_is_no_excess_is_refused(scene: Scene, by: str, change: dict[str, Any], rule: str):
    said = ask(scene, by, **change)
    assert isinstance(said, list)
    assert said[0].rule == rule


def test_who_asked_cannot_approve_nor_can_another_risk_manager(scene: Scene):
    made = ask(scene)
    assert isinstance(made, Proposal)
    factories.grant(factories.person("ron"), scene.desk, Role.RISK_MANAGER)
    for name, rule in (("rita", "second_person"), ("ron", "not_allowed")):
        (refusal,) = approve(proposal=made, person=User.objects.get(username=name), now=scene.now)
        assert refusal.rule == rule
    assert not TemporaryExcess.objects.exists()
