"""By rule: imposed with the breach, in force until the level has eased, apart from what people impose."""

import pytest

from accounts.models import AuditEvent
from margin.book.read import account_rows
from margin.flow.control import Aim, impose, lift
from margin.models import Breach, ControlChange, Restriction, Run
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
FALLEN, NOT_QUITE_OUT, OUT = "50500", "50510", "50600"


@pytest.fixture
def scene() -> Scene:
    """Called at one and a half times maintenance, so that a liquidation may be over while the call stands."""
    made = make_scene()
    factories.buffer(made.desk, "0.5")
    return made


def control() -> str:
    return str(account_rows()[0]["control"])


def ruled() -> list[tuple[bool, bool]]:
    """Of each that the rule imposed: whether it names its author rightly, and whether it stands."""
    rows = Restriction.objects.filter(rule="liquidation_level").order_by("pk")
    return [
        (row.imposed_by is None and row.lifted_by is None and row.run is not None, row.lifted_at is None)
        for row in rows
    ]


def test_it_holds_until_the_level_has_eased_and_is_told_as_the_rules_deed(scene: Scene) -> None:
    scene.step("51000")
    assert (control(), ruled()) == ("open", [])
    scene.step(FALLEN)
    row = Restriction.objects.get()
    assert (control(), ruled()) == ("reduce_only", [(True, True)])
    assert (row.whom, row.state) == ("account ACME-1", "reduce_only")
    assert row.run == Run.objects.get(seq=2)
    scene.step(NOT_QUITE_OUT)
    assert (control(), ruled()) == ("reduce_only", [(True, True)])
    scene.step(OUT)
    assert (control(), ruled()) == ("open", [(True, False)])
    assert Breach.objects.get(rule="margin_level").state == "open", "the call stands"
    scene.step(FALLEN)
    assert (control(), ruled()) == ("reduce_only", [(True, False), (True, True)])
    deeds = list(ControlChange.objects.order_by("revision").values_list("deed", "person"))
    assert deeds == [("impose", None), ("lift", None), ("impose", None)]
    newest = Restriction.objects.latest("pk").pk
    told = AuditEvent.objects.filter(action__startswith="control.").order_by("id")
    assert {one.actor_name for one in told} == {"rule:liquidation_level"}
    assert [(one.action, one.subject, one.run_id != "") for one in told] == [
        ("control.impose", f"restriction:{row.pk}", True),
        ("control.lift", f"restriction:{row.pk}", True),
        ("control.impose", f"restriction:{newest}", True),
    ]


def test_what_a_person_lifted_stays_lifted_and_what_a_person_imposed_stays(scene: Scene) -> None:
    aim = Aim("account", scene.desk, sub_account=scene.account)
    own = impose(aim, state="reduce_only", reason="Seen.", person=scene.rita, now=scene.now)
    assert isinstance(own, Restriction)
    scene.step(FALLEN)
    lift(Restriction.objects.exclude(pk=own.pk).get(), person=scene.rita, reason="Known.", now=scene.now)
    scene.step("50490")
    assert not Restriction.objects.exclude(pk=own.pk).filter(lifted_at=None).exists()
    scene.step(OUT)
    scene.step(FALLEN)
    assert Restriction.objects.exclude(pk=own.pk).filter(lifted_at=None).count() == 1
    scene.step("60000")
    assert list(Restriction.objects.filter(lifted_at=None)) == [own]
    assert control() == "reduce_only"
