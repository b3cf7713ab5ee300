"""`/control/`: two steps to impose, a reason to lift, and the truth wherever an account is shown."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import SubAccount, User
from margin.flow.controlled import by_rule
from margin.models import Restriction, Run
from tests import factories
from tests.conftest import Cast
from tests.doors.api import Api, is_problem, rules
from tests.factories import MONDAY_NOON
from tests.pages.rooms import EVIL, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]


@pytest.fixture
def held(cast: Cast) -> Cast:
    client = factories.client("ACME", of=cast.prime, name=EVIL)
    factories.sub_account("ACME-1", of=client)
    factories.sub_account("ZEDD-1", of=factories.client("ZEDD", of=cast.retail))
    return cast


def post(person: User, path: str, **body: str) -> Any:
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return browser.post(path, body)


def test_the_second_step_says_whom_it_stops_and_asks_why(held: Cast) -> None:
    found = page(held.rita, "/control/impose/?scope=all&state=frozen")
    assert "Freeze the whole house?" in found
    assert "<b>1</b>account, and those of other desks" in found
    assert not Restriction.objects.exists()
    ask = {"scope": "all", "state": "frozen"}
    assert post(held.rita, "/control/impose/", **ask).status_code == 400
    assert post(held.vic, "/control/impose/", **ask, reason="No").status_code == 403
    assert post(held.rita, "/control/impose/", **ask, reason=EVIL, ends="60").status_code == 303
    row = Restriction.objects.get()
    assert row.expires_at is not None
    assert "Frozen: the whole house" in page(held.vic, "/")
    assert "Whole house" not in page(held.vic, "/control/")  # a viewer has no form
    assert "Propose its lift" in page(held.rita, "/control/")
    assert "Propose its lift" not in page(held.vic, "/control/")
    shown = page(held.rita, "/accounts/ACME-1/")
    assert "The whole house is frozen since" in shown
    assert post(held.rita, f"/control/{row.pk}/lift/", reason="Over").status_code == 303
    assert "waits for a second person" in page(held.rita, "/control/")


def test_what_is_not_ones_own_does_not_exist(held: Cast) -> None:
    Api(held.otto).post(
        "restrictions/", {"scope": "desk", "desk": "RETAIL", "state": "frozen", "reason": "x"}
    )
    row = Restriction.objects.get()
    assert "RETAIL" not in page(held.rita, "/control/")
    assert post(held.rita, f"/control/{row.pk}/lift/", reason="Over").status_code == 404
    ask = {"scope": "client", "client": "ZEDD", "state": "frozen"}
    assert post(held.rita, "/control/impose/", **ask, reason="No").status_code == 400


def test_the_api_imposes_lists_and_lifts_once_a_key(held: Cast) -> None:
    api = Api(held.rita)
    body = {"scope": "client", "client": "ACME", "state": "reduce_only", "reason": "A fat finger"}
    made = api.post("restrictions/", body, Idempotency_Key="k-1")
    assert made.status_code == 201, made.content
    assert made.json()["on"] == "client ACME"
    assert api.post("restrictions/", body, Idempotency_Key="k-1").json() == made.json()
    assert Restriction.objects.count() == 1
    assert api.get("accounts/ACME-1/").json()["control"] == "reduce_only"
    (listed,) = api.get("restrictions/?standing=in_force").json()["results"]
    assert listed == made.json()
    wrong = api.post("restrictions/", {**body, "instrument": "BTC-PERP"})
    is_problem(wrong, 400)
    assert rules(wrong) == {("instrument", "unknown_field")}
    assert rules(api.post("restrictions/", {**body, "client": "ZEDD"})) == {("client", "not_found")}
    assert rules(api.post("restrictions/", {**body, "client": None})) == {("client", "required")}
    lifted = api.post(f"restrictions/{listed['id']}/lift/", {"reason": "Called them"})
    assert (lifted.status_code, lifted.json()["lifted_by"]) == (200, "rita")
    is_problem(api.post(f"restrictions/{listed['id']}/lift/", {"reason": "Again"}), 409)
    assert api.get("accounts/ACME-1/").json()["control"] == "open"
    assert api.get("restrictions/?standing=in_force").json()["results"] == []
    assert [one["id"] for one in api.get("restrictions/?standing=over").json()["results"]] == [listed["id"]]
    wide = api.post("restrictions/", {"scope": "all", "state": "frozen", "reason": "A feed gone mad"}).json()
    asked = api.post(f"restrictions/{wide['id']}/lift/", {"reason": "Over"})
    assert asked.status_code == 202
    change = asked.json()["lift_change"]
    assert Api(held.ada).post(f"limits/changes/{change}/approve/", {}).status_code == 200
    assert api.get("restrictions/?standing=in_force").json()["results"] == []


def test_what_is_frozen_stands_before_what_may_reduce(held: Cast) -> None:
    api = Api(held.rita)
    for state, scope in (
        ("frozen", {"scope": "account", "account": "ACME-1"}),
        ("reduce_only", {"scope": "all"}),
    ):
        assert api.post("restrictions/", {**scope, "state": state, "reason": "x"}).status_code == 201
    rows = re.findall(
        r'<li data-key="\d+" id="restriction-\d+" data-state="(\w+)"', page(held.rita, "/control/")
    )
    assert rows == ["frozen", "reduce_only"]


def test_the_rule_is_named_where_it_imposed_and_lifted_and_hides_nobody(
    held: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("margin.pages.control.MOST_HELD", 1)
    account = SubAccount.objects.get(code="ACME-1")
    row = Restriction(
        scope="account", desk=held.prime, sub_account=account, reason="It fell.",
        state="reduce_only", rule="liquidation_level", imposed_at=MONDAY_NOON,
        run=Run.objects.create(shard_id=1, started_at=MONDAY_NOON, engine_version=""),
    )  # fmt: skip
    by_rule(begun=[row], ended=[], reason="", now=MONDAY_NOON)
    rule, api = "the rule “Liquidation level”", Api(held.rita)
    assert rule in page(held.rita, "/control/")
    assert f"by {rule}: It fell." in page(held.rita, "/accounts/ACME-1/")
    (told,) = api.get("restrictions/").json()["results"]
    assert (told["imposed_by"], told["lifted_by"]) == (rule, None)
    api.post("restrictions/", {"scope": "client", "client": "ACME", "state": "reduce_only", "reason": "Mine"})
    shown = page(held.rita, "/control/")
    assert "Mine" in shown
    assert "It fell." not in shown
    assert "These are the tightest 1" in shown
    by_rule(begun=[], ended=[row], reason="It rose.", now=MONDAY_NOON)
    over = page(held.rita, "/control/").split('id="over-title"')[1]
    assert over.count(f"lifted by <bdi>{rule}</bdi>: <bdi>It rose.</bdi>") == over.count("<table") == 1
    assert api.get("restrictions/?standing=over").json()["results"][0]["lifted_by"] == rule
