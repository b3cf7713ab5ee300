"""Figures as of an instant, and an account through time: computed again, for who may see it now."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Role
from accounts.revisions import take_house_revision
from margin.api import history
from margin.flow.series import account_steps, books_of
from margin.models import Run
from riskdesk import clock
from tests import factories
from tests.doors.api import Api
from tests.flow.conftest import empty_shelf, hints, sent  # noqa: F401 - fixtures of the flow
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    for price in ("59000", "58000", "57000"):
        made.step(price, seconds=60)
    made.price("57000")
    factories.position(made.account, made.btc, "1", "57000", ref="more")
    with transaction.atomic():
        factories.sub_account("ACME-2", of=made.client)
        take_house_revision()
    made.step("56000", seconds=60)
    return made


def ask(scene: Scene, path: str, status: int = 200) -> Any:
    with clock.pinned(scene.now):
        found = Api(scene.rita).get(path)
    assert found.status_code == status, found.content
    return found.json()


def ago(scene: Scene, seconds: float) -> str:
    return (scene.now - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def ago_of(point: dict[str, Any]) -> str:
    return str(point["at"]).replace("+00:00", "Z")


def test_an_account_is_shown_as_of_the_newest_run_then(scene: Scene):
    now = ask(scene, "accounts/ACME-1/")
    assert now["equity"] == "5000.00"
    then = ask(scene, f"accounts/ACME-1/?as_of={ago(scene, 90)}")
    second = Run.objects.get(seq=2)
    assert (then["equity"], then["positions"], then["run"]) == ("8000.00", 1, str(second.pk))
    held = ask(scene, f"accounts/ACME-1/positions/?as_of={ago(scene, 90)}")["results"]
    assert [(one["mark"], one["unrealised_pnl"]) for one in held] == [("58000", "-2000.00")]
    assert len(ask(scene, "accounts/ACME-1/positions/")["results"]) == 2


def test_the_list_of_the_past_knows_only_the_accounts_of_the_past(scene: Scene):
    codes = [row["code"] for row in ask(scene, "accounts/")["results"]]
    assert sorted(codes) == ["ACME-1", "ACME-2"]
    past = ask(scene, f"accounts/?as_of={ago(scene, 180)}")["results"]
    assert [(row["code"], row["equity"]) for row in past] == [("ACME-1", "9000.00")]


def test_the_run_of_this_instant_says_what_the_frame_says(scene: Scene):
    assert ask(scene, f"accounts/?as_of={ago(scene, 0)}") == ask(scene, "accounts/")


@pytest.mark.parametrize("path", ["accounts/", "accounts/ACME-1/", "accounts/ACME-1/positions/"])
@pytest.mark.parametrize(
    ("seconds", "rule"), [(-1, "future"), (100_000, "before_first_run"), (None, "instant")]
)
def test_an_instant_without_figures_is_refused(scene: Scene, path: str, seconds: float | None, rule: str):
    instant = "2026-03-02T12:00:00" if seconds is None else ago(scene, seconds)
    refused = ask(scene, f"{path}?as_of={instant}", status=400)["errors"][0]
    assert (refused["field"], refused["rule"]) == ("as_of", rule)
    assert refused["value"]


def test_access_is_asked_as_of_now(scene: Scene):
    factories.grant(scene.rita, scene.desk, Role.VIEWER)
    scene.rita.grants.update(revision_to=10**6)
    ask(scene, f"accounts/ACME-1/?as_of={ago(scene, 60)}", status=404)
    assert ask(scene, f"accounts/?as_of={ago(scene, 60)}")["results"] == []


def test_an_account_through_time(scene: Scene):
    found = ask(scene, "accounts/ACME-1/history/?every=60&from=" + ago(scene, 3600))
    assert [point["equity"] for point in found["points"]] == ["9000.00", "8000.00", "7000.00", "5000.00"]
    last, now = found["points"][-1], ask(scene, "accounts/ACME-1/")
    for figure in ("run", "at", "level", "utilisation", "leverage", "maintenance", "house_maintenance"):
        assert last[figure] == now[figure], figure
    coarse = ask(scene, f"accounts/ACME-1/history/?every=86400&from={ago(scene, 3600)}")
    assert [point["equity"] for point in coarse["points"]] == ["5000.00"]
    assert ask(scene, "accounts/ACME-1/history/")["every"] == 288, "what makes 300 points of a day"
    assert ask(scene, f"accounts/ACME-1/history/?from={ago(scene, 3600)}")["every"] == 60


def test_points_that_rest_on_too_many_books_are_refused_before_any_is_loaded(scene: Scene, monkeypatch):
    path = "accounts/ACME-1/history/?every=60&from=" + ago(scene, 3600)
    books = books_of(account_steps(scene.account, since=scene.now - HOUR, until=scene.now, every_seconds=60))
    assert books > 1
    monkeypatch.setattr(history, "MOST_BOOKS", books)
    found = ask(scene, path)["points"]
    monkeypatch.setattr(history, "MOST_BOOKS", books - 1)
    monkeypatch.setattr(history, "account_history", None)
    refused = ask(scene, path, status=400)["errors"][0]
    assert (refused["field"], refused["rule"]) == ("every", "too_many_changes")
    assert len(found) > books, "points of one book share it"


def test_a_point_is_what_as_of_says(scene: Scene):
    for point in ask(scene, "accounts/ACME-1/history/?every=60&from=" + ago(scene, 3600))["points"]:
        row = ask(scene, f"accounts/ACME-1/?as_of={ago_of(point)}")
        assert {name: row[name] for name in point} == point


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ("to=2100-01-01T00:00:00Z", "to", "year"),
        ("to=2099-12-31T23:59:59-14:00", "to", "year"),
        ("to=0001-01-01T00:00:00%2B14:00", "to", "year"),
        ("to=2099-01-01T00:00:00Z", "to", "future"),
        ("from=2026-03-02T12:00:00Z&to=2026-03-02T12:00:00Z", "from", "order"),
        ("every=1&from=2026-03-01T12:00:00Z", "every", "too_many_points"),
        ("every=1&from=2026-03-02T11:50:00Z&to=2026-03-02T11:55:01Z", "every", "too_many_points"),
        ("every=0", "every", "range"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(scene: Scene, query: str, field: str, rule: str):
    refused = ask(scene, f"accounts/ACME-1/history/?{query}", status=400)["errors"][0]
    assert (refused["field"], refused["rule"]) == (field, rule)
