"""Rules are proposed, tried and approved over the API as on the pages: by two people, from the newest one."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Proposal, Role, User
from margin.models import Limit
from tests import factories
from tests.conftest import Cast
from tests.doors.api import Api, is_problem, rules
from tests.flow.conftest import empty_shelf  # noqa: F401 - a fixture
from tests.flow.scene import Scene, make_scene

CHANGES = "limits/changes/"


def body(value: str = "8", **more: Any) -> dict[str, Any]:
    change = {"desk": "PRIME", "kind": "leverage", "scope": "desk", "value": value, "warn": None}
    return {"kind": "limit", "desk": "PRIME", "reason": "calm", "change": change} | more


@pytest.fixture
def ada_calls(cast: Cast, noon: Any) -> Api:
    return Api(cast.ada, scopes=())


@pytest.fixture
def eve_calls(cast: Cast, noon: Any) -> Api:
    return Api(cast.eve, scopes=())


def in_force(ada: Api, eve: Api, value: str) -> int:
    made = ada.post(CHANGES, body(value))
    assert made.status_code == 201, made.content
    number: int = made.json()["id"]
    assert eve.post(f"{CHANGES}{number}/approve/", {}).status_code == 200
    return number


@pytest.mark.django_db
def test_one_proposes_and_another_approves(ada_calls: Api, eve_calls: Api) -> None:
    made = ada_calls.post(CHANGES, body()).json()
    assert made["difference"][-1] == {"field": "value", "before": None, "after": "8"}
    is_problem(ada_calls.post(f"{CHANGES}{made['id']}/approve/", {"note": ""}), 403)
    assert not Limit.objects.exists()
    said = eve_calls.post(f"{CHANGES}{made['id']}/approve/", {"note": "Agreed"}).json()
    assert (said["state"], said["decided_by"], said["note"]) == ("approved", "eve", "Agreed")
    assert Limit.objects.get().value == 8
    is_problem(eve_calls.post(f"{CHANGES}{made['id']}/reject/", {}), 409)


@pytest.mark.django_db
def test_who_saw_an_older_version_is_told_the_difference(ada_calls: Api, eve_calls: Api) -> None:
    in_force(ada_calls, eve_calls, "10")
    seen = Limit.objects.get().pk
    waits = ada_calls.post(CHANGES, body("9")).json()["id"]
    in_force(ada_calls, eve_calls, "12")
    late = ada_calls.post(CHANGES, body("8", made_from=seen))
    is_problem(late, 409)
    assert late.json()["difference"] == [{"field": "value", "before": "12", "after": "8"}]
    moved = eve_calls.post(f"{CHANGES}{waits}/approve/", {})
    is_problem(moved, 409)
    assert rules(moved) == {("base_version", "moved_on")}
    assert moved.json()["difference"] == [{"field": "value", "before": "10", "after": "12"}]
    assert (
        ada_calls.post(CHANGES, body("8", made_from=Limit.objects.get(revision_to=None).pk)).status_code
        == 201
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        ({"kind": "weather"}, ("kind", "choice")),
        ({"desk": "RETAIL"}, ("desk", "unknown")),
        ({"change": {"value": 8}}, ("change.value", "text")),
        ({"change": {"Value": "8"}}, ("change.Value", "pattern")),
        ({"change": {"desk": "PRIME", "kind": "leverage", "scope": "desk", "value": "-8"}}, ("", "invalid")),
        ({"change": {"rows": [{"floor": ["0"]}]}}, ("change.rows[0].floor", "text")),
        ({"made_from": "7"}, ("made_from", "whole_number")),
        ({"reason": ""}, ("reason", "blank")),
        ({"sudo": True}, ("sudo", "unknown_field")),
    ],
    ids=str,
)
def test_nonsense_is_refused_by_field(ada_calls: Api, sent: dict[str, Any], refused: tuple[str, str]) -> None:
    answer = ada_calls.post(CHANGES, body() | sent)
    is_problem(answer, 400)
    assert refused in rules(answer)
    assert not Proposal.objects.exists()


@pytest.mark.django_db
def test_a_token_that_names_scopes_may_propose_on_its_desk_and_approve_nothing(
    cast: Cast, eve_calls: Api
) -> None:
    narrow = Api(cast.ada, scopes=("limits:PRIME", "read:PRIME"))
    waits = eve_calls.post(CHANGES, body()).json()["id"]
    is_problem(narrow.post(f"{CHANGES}{waits}/approve/", {}), 403)
    assert narrow.post(CHANGES, body("7")).status_code == 201
    blind = Api(cast.ada, scopes=("read:PRIME",))
    is_problem(blind.post(CHANGES, body("6")), 403)


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_answers_with_names_and_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("margin.flow.deliver.send_hints", lambda *_, **__: None)
    monkeypatch.setattr("margin.flow.wanted.send_recompute", lambda *_: None)
    scene: Scene = make_scene(cap="10")
    factories.grant(factories.person("ada"), scene.desk, Role.LIMITS_ADMIN)
    scene.step("58000")
    with scene.clock():
        ada = Api(User.objects.get(username="ada"), scopes=())
        number = ada.post(CHANGES, body("5")).json()["id"]
        found = Api(scene.rita, scopes=()).post(f"{CHANGES}{number}/dry-run/", {})
    assert found.status_code == 200, found.content
    said = found.json()
    assert (said["accounts"], said["clients"], said["counts"]["broken"]) == (1, 1, 1)
    (cap,) = said["caps"]
    assert (cap["client"], cap["measured"], cap["allowed_before"], cap["allowed_after"]) == (
        "ACME",
        "7.25",
        "10",
        "5",
    )
    assert said["sums"][0]["more"] == "0.00"


@pytest.mark.django_db
def test_who_takes_the_alerts_asks_for_an_excess_and_takes_it_back_but_proposes_nothing_else(
    cast: Cast, noon: Any
) -> None:
    factories.client("ACME", of=cast.prime)
    rita = Api(cast.rita, scopes=())
    change = {"desk": "PRIME", "client": "ACME", "kind": "leverage", "value": "12"}
    change["valid_to"] = (factories.MONDAY_NOON + timedelta(days=7)).isoformat()
    made = rita.post(CHANGES, {"kind": "excess", "desk": "PRIME", "reason": "hedge", "change": change})
    assert made.status_code == 201, made.content
    is_problem(rita.post(CHANGES, body()), 403)
    is_problem(Api(cast.ada, scopes=()).post(f"{CHANGES}{made.json()['id']}/withdraw/", {}), 403)
    assert rita.post(f"{CHANGES}{made.json()['id']}/withdraw/", {}).json()["state"] == "withdrawn"
