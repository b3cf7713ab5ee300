"""By rule: imposed with the breach, in force until the level has eased, apart from what people impose."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Desk, SubAccount
from margin.book.controls import load_controls
from margin.book.read import account_rows
from margin.flow import cycle
from margin.flow.control import Aim, impose, lift
from margin.flow.restrict import RULE
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
    gate_hears = load_controls()
    bound = gate_hears.binding(desk="PRIME", client="ACME", account="ACME-1", now=scene.now)
    assert bound is not None
    assert (gate_hears.revision, bound.control, bound.who) == (
        1,
        "reduce_only",
        "the rule “Liquidation level”",
    )
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
    assert {one.actor_name for one in told} == {"the rule “Liquidation level”"}
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
    scene.step(FALLEN)
    lift(
        Restriction.objects.get(lifted_at=None, rule=RULE), person=scene.rita, reason="Known.", now=scene.now
    )
    scene.step("60000")
    assert list(Restriction.objects.filter(lifted_at=None)) == [own], "a cure imposes nothing"


def standing() -> int:
    return Restriction.objects.filter(lifted_at=None).count()


def test_a_lift_stands_until_a_pool_falls_and_the_rule_lifts_when_none_is_down(scene: Scene) -> None:
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=60, stale_hard_seconds=120)
    factories.position(scene.account, eth, "10", "3000", mode="isolated", ref="eth")
    factories.balance(scene.account, "1000", key="isolated:eth")
    well, called, down = "2980", "2940", "2920"
    for of_eth, of_btc, stands in ((well, FALLEN, 1), (called, FALLEN, 1), (down, FALLEN, 1)):
        scene.price(of_eth, code="ETH-PERP")
        scene.step(of_btc)
        assert standing() == stands
    Breach.objects.filter(subject__endswith="cross").update(state="acknowledged")
    scene.price(well, code="ETH-PERP")
    scene.step(FALLEN)
    assert standing() == 1, "one pool is out, but the other is in liquidation, seen by somebody or not"
    lift(Restriction.objects.get(), person=scene.rita, reason="Known.", now=scene.now)
    for of_eth, of_btc, stands in ((called, FALLEN, 0), (down, FALLEN, 1), (down, OUT, 1), (well, OUT, 0)):
        scene.price(of_eth, code="ETH-PERP")
        scene.step(of_btc)
        assert (of_eth, of_btc, standing()) == (of_eth, of_btc, stands)
    assert [one.lifter for one in Restriction.objects.order_by("pk")] == [
        "rita",
        "the rule “Liquidation level”",
    ]


def test_an_unknown_figure_neither_imposes_nor_lifts(scene: Scene) -> None:
    def silence() -> str:
        scene.later(121)
        scene.cycle()
        return str(account_rows()[0]["level"])

    scene.step("51000")
    assert (silence(), ruled()) == ("unknown", [])
    scene.step(FALLEN)
    assert (silence(), ruled()) == ("unknown", [(True, True)])


def others(scene: Scene) -> None:
    """Three more who hold the same: one at the same desk, two at another in the same shard."""
    retail = factories.desk("RETAIL", zone="Europe/London")
    for code, at in (("BETA", scene.desk), ("GAMMA", retail), ("DELTA", retail)):
        account = factories.sub_account(f"{code}-1", of=factories.client(code, of=at))
        factories.balance(account, "10000")
        factories.position(account, scene.btc, "1", "60000")


def test_many_fall_and_rise_with_as_few_statements_as_one_and_the_lock_comes_last(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    others(scene)
    said: list[list[str]] = []
    real = cycle.restrict

    def heard(*args: object, **more: object) -> int:
        with CaptureQueriesContext(connection) as context:
            count = real(*args, **more)  # type: ignore[arg-type]
        said.append([one["sql"] for one in context.captured_queries])
        return count

    monkeypatch.setattr(cycle, "restrict", heard)
    codes = {"ACME-1": "PRIME", "BETA-1": "PRIME", "GAMMA-1": "RETAIL", "DELTA-1": "RETAIL"}
    beta = SubAccount.objects.get(code="BETA-1")
    down = {code: desk for code, desk in codes.items() if code != "BETA-1"}
    steps = ((FALLEN, 8, codes), (FALLEN, 6, down), ("60000", 6, {}), ("60000", 0, {}))
    for number, (price, most, expected) in enumerate(steps):
        if number == 1:
            factories.balance(beta, "30000")
        scene.step(price)
        assert len(said[-1]) <= most, said[-1]
        assert not most or "FOR UPDATE" in said[-1][0]
        assert ["pg_advisory_xact_lock" in one for one in said[-1]][-2:] == [True, False][:most]
        held = Restriction.objects.filter(lifted_at=None)
        found = {row.sub_account.code: row.desk.code for row in held if row.sub_account and row.desk}
        assert found == expected
    assert list(ControlChange.objects.order_by("revision").values_list("revision", "deed")) == [
        *((number, "impose") for number in (1, 2, 3, 4)),
        *((number, "lift") for number in (5, 6, 7, 8)),
    ]
    told = AuditEvent.objects.filter(action__startswith="control.")
    of_retail = set(told.filter(desk=Desk.objects.get(code="RETAIL")).values_list("subject", flat=True))
    rows = Restriction.objects.filter(desk__code="RETAIL")
    assert (told.count(), of_retail) == (8, {f"restriction:{row.pk}" for row in rows})
    lifts = [one for one in told if one.action == "control.lift"]
    assert all(
        one.before["lifted_at"] is None and one.after["lifted_at"] and one.reason == one.after["lift_reason"]
        for one in lifts
    )
