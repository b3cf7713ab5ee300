"""`/stress/` and its API: a shock over the whole book, in the address, told the same everywhere.

ACME-1 has 10,000 behind 1 BTC from 60,000 (59,000 now), and 3,000 apart behind 10 ETH from 3,000 (2,900).
"""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from margin.engine.rational import Fraction
from margin.models import Loading, RatePath, RiskFactor
from margin.whatif.presets import FEARED, presets
from margin.whatif.shock import LEAST, Scenario, Traded, moves
from tests import factories
from tests.doors.api import Api, rules
from tests.flow.conftest import _long_leases, empty_shelf, hints, sent  # noqa: F401 - fixtures
from tests.flow.scene import Scene, scene_of_two
from tests.pages.rooms import page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return scene_of_two()


def ask(scene: Scene, **body: Any) -> Any:
    with scene.clock():
        answer = Api(scene.rita).post("stress/", {"desk": "PRIME", "impact": "0"} | body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_fall_of_a_tenth_empties_the_pocket_and_not_the_wallet(scene: Scene) -> None:
    told = ask(scene, preset="thin_book")
    assert told["moves"] == {"BTC-PERP": "-0.100000", "ETH-PERP": "-0.100000"}
    assert (told["house_loss_isolated"], told["house_loss_cross"]) == ("900.00", "0.00")
    assert told["house_loss_in_one_pool"] == "0.00", "13,000 less 6,900 and 3,900"
    (one,) = told["clients"]
    after = (one["before"], one["after"], one["shortfall"])
    assert after == ("11000.00", "3100.00", "900.00"), "what a pocket lacks is no loss of the wallet"
    assert told["levels"]["after"]["liquidation"] == told["negative"] == 1
    assert told["cascade"]["rounds"] == [
        {"round": 1, "closings": 1, "notional": "26100.00", "shortfall": "900.00"}
    ]


def test_a_fund_pays_first_and_closing_moves_prices_on(scene: Scene) -> None:
    still = ask(scene, preset="flash_crash", fund="1000")["cascade"]
    assert (still["fund_used"], still["house_loss"]) == ("1000.00", "10000.00")
    moving = ask(scene, preset="flash_crash", fund="1000", impact="0.1", thin="1")["cascade"]
    assert Decimal(moving["house_loss"]) > Decimal("10000.00")


def test_no_shock_changes_nothing(scene: Scene) -> None:
    told = ask(scene)
    assert told["moves"] == {}
    assert told["levels"]["before"] == told["levels"]["after"]
    assert (told["house_loss"], told["cascade"]["rounds"]) == ("0.00", [])


def test_rates_follow_the_prices_they_come_from(scene: Scene) -> None:
    """An account in euros owns dollars: when the euro falls by a fifth, they are worth a quarter more."""
    euros, dollars = factories.asset("EUR"), factories.asset("USD")
    for one in (euros, dollars):
        factories.haircut(one)
    pair = factories.instrument("EUR-USD", asset_class="fx", stale_hard_seconds=600, stale_soft_seconds=600)
    RatePath.objects.create(base=euros, quote=dollars, instrument=pair)
    factor = RiskFactor.objects.create(code="EURO", name="Euro", asset_class="fx")
    Loading.objects.create(instrument=pair, factor=factor, loading=1)
    other = factories.sub_account("ACME-2", of=scene.client, base="EUR")
    factories.balance(other, "8000")
    scene.price("2", code="EUR-USD")
    scene.step("59000")
    told = ask(scene, factors={"EURO": "-0.2"})
    own = next(row for row in told["accounts"] if row["account"] == "ACME-2")
    assert own["loss"] == "-2000.00", "4,000 euros become 5,000, at the old rate of 2"
    with scene.clock():
        assert '<td class="num gain">+2,000 gained</td>' in page(scene.rita, "/stress/?f.EURO=-20")


def test_the_page_says_what_the_api_says_and_the_export_too(scene: Scene, client: Client) -> None:
    with scene.clock():
        found = page(scene.rita, "/stress/?preset=thin_book&impact=0")
        assert ">900</span>" in found
        assert "ACME" in found
        assert "Thin book" in found
        client.force_login(scene.rita)
        answer = client.get("/stress/csv/?preset=thin_book&impact=0")
        (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["account"], row["isolated_shortfall"], row["scenario"]) == ("ACME-1", "900.00", "Thin book")


def test_nonsense_in_the_address_is_left_out_and_said(scene: Scene) -> None:
    with scene.clock():
        found = page(scene.rita, "/stress/?preset=doom&thin=x&fund=-1&f.NOTHING=9")
    assert "left out: preset “doom”, thin “x”, fund “-1”." in found
    assert "Choose what happened once" in found
    for name, preset in presets().items():
        assert f"preset={name}" in found, "a first visit offers every one in words"
        assert f'name="preset" value="{name}"' in found, "and so does the form"
        assert f"<small>{preset.fell}</small>" in found or not preset.fell, name


def test_what_the_api_does_not_know_is_refused_by_name(scene: Scene) -> None:
    api = Api(scene.rita)
    refused = {"desk": "PRIME", "preset": "doom", "factors": {"X": "9.5"}, "thin": "0"}
    assert rules(api.post("stress/", refused)) == {
        ("preset", "choice"),
        ("factors.X", "most"),
        ("thin", "least"),
    }
    assert rules(api.post("stress/", {"desk": "PRIME", "factors": {"X": "0.1"}})) == {
        ("factors.X", "not_found")
    }
    otto = factories.person("otto")
    factories.grant(otto, factories.desk("RETAIL"), Role.RISK_MANAGER)
    assert rules(Api(otto).post("stress/", {"desk": "PRIME"})) == {("desk", "not_found")}
    assert rules(Api(otto).post("stress/", {"desk": "RETAIL"})) == {("desk", "no_run")}


def coin(code: str, *names: str, **more: Any) -> Traded:
    given = {"loadings": {}, "in_sessions": False, "of_stablecoin": False, "may_be_negative": False}
    return Traded(code, "crypto", names, **(given | more))


def test_a_move_is_on_record_or_the_middle_of_its_kind_and_factors_add() -> None:
    crash = presets()["covid_2020_03_12"]
    own = moves(Scenario(crash, {"C": Fraction(1, 10)}), [
        coin("BTC-PERP", "BTC"), coin("NEW-PERP", "NEW", loadings={"C": Fraction(2)}),
    ])  # fmt: skip
    assert own["BTC-PERP"].share == crash.recorded["BTC"]
    assert own["NEW-PERP"].because == "middle of crypto on record and factors"
    assert Fraction(-1, 2) < own["NEW-PERP"].share < Fraction(-1, 4), "about a half, a fifth of it given back"


def test_nothing_falls_below_a_hundredth_unless_it_may() -> None:
    deep = Scenario(None, {"C": Fraction(-3)})
    loaded = {"loadings": {"C": Fraction(1)}}
    found = moves(deep, [coin("A-1", **loaded), coin("OIL", **loaded, may_be_negative=True)])
    assert (found["A-1"].share, found["OIL"].share) == (LEAST, Fraction(-3))


def test_together_all_go_the_way_of_the_largest() -> None:
    shocks = {"C": Fraction(-3, 10), "D": Fraction(1, 10)}
    hedge = coin("HEDGE", loadings={"D": Fraction(1)})
    assert moves(Scenario(None, shocks), [hedge])["HEDGE"].share == Fraction(1, 10)
    assert moves(Scenario(None, shocks, together=True), [hedge])["HEDGE"].share == Fraction(-1, 10)


def test_a_gap_is_for_what_closes_and_a_peg_for_stablecoins() -> None:
    gap, peg = (presets()[name] for name in ("weekend_gap", "depeg"))
    index = Traded("US500", "index", (), {}, in_sessions=True, of_stablecoin=False, may_be_negative=False)
    always = Traded("US500", "index", (), {}, in_sessions=False, of_stablecoin=False, may_be_negative=False)
    assert moves(Scenario(gap), [index])["US500"].share == Fraction(-5, 100)
    assert moves(Scenario(gap), [always]) == {}
    stable = coin("USDT-USD", "USDT", of_stablecoin=True)
    assert moves(Scenario(peg), [stable])["USDT-USD"].share == Fraction(-12, 100)


def test_every_preset_can_be_told() -> None:
    for preset in presets().values():
        assert preset.title
        assert preset.about
        assert preset.happened or preset in FEARED
        assert bool(preset.fell) is preset.happened, "a bare date says what fell"
        assert all(-1 < move < 1 for move in (*preset.recorded.values(), *preset.classes.values()))
