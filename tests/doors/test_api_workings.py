"""The working of a figure, what changed it, and exposures, over HTTP: of one's own desks, strictly asked."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role
from margin.models import Run
from tests import factories
from tests.doors.api import Api, is_problem, rules
from tests.flow.conftest import empty_shelf, hints, sent  # noqa: F401 - fixtures
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    made.step("59000")
    return made


def ask(scene: Scene, path: str) -> Any:
    with scene.clock():
        return Api(scene.rita).get(path)


def test_a_figure_is_explained_with_sources_and_its_run(scene: Scene):
    body = ask(scene, "accounts/ACME-1/explain/?figure=equity").json()
    assert body["run"]["run"] == str(Run.objects.get().pk)
    assert body["currency"] == "USD"
    assert body["lines"][-1]["of"] == "ACME-1"
    assert Decimal(body["lines"][-1]["result"]) == 9000
    profit = next(line for line in body["lines"] if line["figure"] == "unrealised_pnl")
    assert profit["formula"] == "U = q*c*(m - e)*x"
    assert {"name": "e", "value": "60000", "source": f"position {profit['of']}"} in profit["inputs"]


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("figure=mood", ("figure", "choice")),
        ("figur=equity", ("figur", "unknown_parameter")),
        ("ref=nobody", ("ref", "unknown")),
        ("pool=isolated:none", ("pool", "unknown")),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(scene: Scene, query: str, refused: tuple[str, str]):
    answer = ask(scene, f"accounts/ACME-1/explain/?{query}")
    is_problem(answer, 400)
    assert refused in rules(answer)


def test_the_bridge_between_two_runs_or_times_sums_to_the_change(scene: Scene):
    first, started = Run.objects.get(), scene.now.isoformat().replace("+", "%2B")
    factories.balance(scene.account, "250")
    scene.step("58000")
    for named in (first.pk, started):
        body = ask(scene, f"accounts/ACME-1/bridge/?from={named}").json()
        assert (Decimal(body["start"]), Decimal(body["end"])) == (9000, 8250)
        assert body["by_cause"]["price"] == "-1000"
        assert body["by_cause"]["collateral"] == "250"
        assert sum(Decimal(part["change"]) for part in body["parts"]) == Decimal(body["change"]) == -750


def test_a_run_that_is_not_there_is_refused(scene: Scene):
    for named in ("2020-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"):
        answer = ask(scene, f"accounts/ACME-1/bridge/?from={named}")
        is_problem(answer, 400)
        assert rules(answer) == {("from", "no_run")}
    assert rules(ask(scene, "accounts/ACME-1/bridge/?to=yesterday")) == {("to", "run_or_instant")}


def test_an_account_without_a_run_says_why_it_has_no_working(noon: None):
    made = make_scene()
    body = ask(made, "accounts/ACME-1/explain/?figure=level").json()
    assert body["lines"] == []
    assert body["unknown_because"]
    assert ask(made, "accounts/ACME-1/bridge/").json()["unknown_because"]


def test_exposures_sum_by_every_key_in_the_reporting_currency(scene: Scene):
    euros = factories.sub_account("ACME-2", of=scene.client)
    factories.revision()
    factories.balance(euros, "9000")
    factories.position(euros, scene.btc, "-0.5", "60000", venue=factories.venue("BINANCE"), strategy="basis")
    scene.step("60000")
    for by, keys in (("asset", {"BTC-PERP"}), ("client", {"ACME"}), ("strategy", {"", "basis"})):
        body = ask(scene, f"exposures/?by={by}").json()
        assert {row["key"] for row in body["results"]} == keys
        assert sum(Decimal(row["gross"]) for row in body["results"]) == 90_000
        assert sum(Decimal(row["net"]) for row in body["results"]) == 30_000
    assert body["results"][0]["share"] == "0.666667"
    assert body["left_out"] == []


def test_what_has_no_price_is_left_out_by_name(scene: Scene):
    factories.position(scene.account, factories.instrument("ETH-PERP"), "1", "3000", ref="eth")
    scene.cycle()
    body = ask(scene, "exposures/").json()
    missing = [(row["account"], row["ref"]) for row in body["left_out"]]
    assert missing == [("ACME-1", "BTC-PERP|cross"), ("ACME-1", "eth")], "an unknown pool has no exposure"


def test_exposures_of_another_desk_do_not_exist(scene: Scene):
    otto = factories.person("otto")
    factories.grant(otto, factories.desk("RETAIL"), Role.RISK_MANAGER)
    with scene.clock():
        assert Api(otto).get("exposures/").json()["results"] == []
    assert rules(ask(scene, "exposures/?by=mood")) == {("by", "choice")}
