"""A crooked client or instrument is marked unknown with the reason; the run goes on for all others."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from accounts.models import Client
from margin.book.read import account_rows, desk_summary, position_rows
from margin.engine.figures import known
from margin.flow import recompute as module
from margin.models import Breach, HaircutVersion, Limit, ScheduleVersion
from riskdesk.errors import sure
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    other = factories.sub_account("WELL-1")
    factories.balance(other, "5000")
    factories.position(other, made.btc, "0.1", "60000")
    return made


def rows() -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in account_rows()}


FAULTS = {
    "MissingFigure a figure that does not exist was used": lambda: known(None),
    "Broken not so: it has a price": lambda: sure(None, "it has a price"),
    "ZeroDivisionError division by zero": lambda: 1 / 0,
}


@pytest.mark.parametrize("because", FAULTS)
def test_a_fault_in_the_arithmetic_closes_one_account(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, because: str
):
    real = module.assess

    def crooked(account: Any, *rest: Any) -> Any:
        if account.code == "ACME-1":
            FAULTS[because]()
        return real(account, *rest)

    monkeypatch.setattr(module, "assess", crooked)
    scene.step("60000")
    found = rows()
    assert found["ACME-1"]["level"] == "unknown"
    assert because in found["ACME-1"]["unknown_because"]
    assert (found["WELL-1"]["level"], found["WELL-1"]["equity"]) == ("normal", "5000.00")
    assert [row["ref"] for row in position_rows("ACME-1")] == ["BTC-PERP|cross"]
    assert list(Breach.objects.values_list("subject", flat=True)) == ["account:ACME-1"]
    summary = desk_summary("PRIME")
    assert summary is not None
    assert (summary["accounts"], summary["unknown"], summary["equity"]) == (2, 1, "5000.00")


def test_an_instrument_without_a_schedule_in_force_is_unknown_to_whoever_holds_it(scene: Scene):
    eth = factories.instrument("ETH-PERP", tiers=[("0", "0.02", "0.01")])
    factories.position(scene.account, eth, "1", "3000")
    ScheduleVersion.objects.filter(schedule=eth.schedule).update(revision_to=factories.revision())
    scene.price("3000", code="ETH-PERP")
    scene.step("60000")
    found = rows()
    assert found["ACME-1"]["unknown_because"] == "ETH-PERP: its margin schedule has no version in force"
    assert found["WELL-1"]["level"] == "normal"


def test_a_crooked_calendar_is_unknown_to_whoever_holds_it(scene: Scene):
    crooked = factories.calendar("CROOKED", sessions=[{"from": "someday", "to": "never"}])
    eth = factories.instrument("ETH-PERP", calendar=crooked)
    factories.position(scene.account, eth, "1", "3000")
    scene.price("3000", code="ETH-PERP")
    scene.step("60000")
    found = rows()
    assert "is no moment of a week" in found["ACME-1"]["unknown_because"]
    assert found["WELL-1"]["level"] == "normal"


def test_collateral_without_terms_is_unknown_and_told_so(scene: Scene):
    factories.balance(scene.account, "1", of="BTC")
    assert not HaircutVersion.objects.exists()
    scene.step("60000")
    found = rows()
    assert "no rate from BTC to USD" in found["ACME-1"]["unknown_because"]
    assert found["WELL-1"]["level"] == "normal"


def test_a_cap_of_years_that_nobody_means_stops_no_run(scene: Scene) -> None:
    """Kept before such were refused: it was always in force, and always will be."""
    born, ends = datetime(1, 1, 1, tzinfo=offset(14)), datetime(9999, 12, 31, 23, 59, tzinfo=offset(-14))
    Limit.objects.create(
        desk=scene.desk,
        scope="client",
        client=Client.objects.get(code="WELL"),
        value="7",
        **factories.version() | {"valid_at": born},
        valid_to=ends,
    )
    scene.step("60000")
    assert rows()["WELL-1"]["cap"] == "7"


def offset(hours: int) -> timezone:
    return timezone(timedelta(hours=hours))
