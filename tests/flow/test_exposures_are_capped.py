"""Caps on gross and net exposure, in the reporting currency; and on single legs, by their schedule.

ACME holds 1 BTC from 60,000 on 10,000 USD.
"""

from decimal import Decimal

import pytest

from accounts.models import SubAccount
from margin.models import Alert, Breach, Instrument, Limit
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    return make_scene(cap="1000")


def breaches() -> list[tuple[str, str, str]]:
    return list(Breach.objects.order_by("id").values_list("rule", "subject", "state"))


def short_account(scene: Scene, quantity: str = "-0.5") -> SubAccount:
    """A second account of ACME, in euros at 1.10, short of BTC."""
    eurusd = factories.instrument("EURUSD", stale_soft_seconds=9999, stale_hard_seconds=9999)
    eur = factories.asset("EUR")
    eurusd.rate_paths.create(base=eur, quote=factories.asset("USD"))
    second = factories.sub_account("ACME-2", of=scene.client, base="EUR")
    factories.balance(second, "50000", of="EUR")
    factories.position(second, scene.btc, quantity, "60000")
    scene.price("1.10", code="EURUSD")
    return second


def test_gross_counts_both_sides_of_all_sub_accounts_and_net_their_difference(scene: Scene):
    gross = factories.limit(scene.desk, "89999", kind=Limit.Kind.GROSS)
    factories.limit(scene.desk, "29999", kind=Limit.Kind.NET)
    short_account(scene)
    scene.step("60000")
    assert breaches() == [
        ("client_gross", "client:ACME", "open"),
        ("client_net", "client:ACME", "open"),
    ]
    row = Breach.objects.get(rule="client_gross")
    assert (row.limit_id, row.measured, row.allowed) == (gross.pk, 90_000, 89_999)
    assert Breach.objects.get(rule="client_net").measured == 30_000


def test_the_alert_says_how_much_against_what_and_the_way_back(scene: Scene):
    factories.limit(scene.desk, "80000", kind=Limit.Kind.GROSS, scope="client", client=scene.client)
    factories.limit(scene.desk, "25000.5", kind=Limit.Kind.NET)
    short_account(scene)
    scene.step("60000")
    gross, net = Alert.objects.order_by("breach__rule")
    assert gross.title == "ACME is above its cap on gross exposure: 90,000.00 USD against 80,000 USD"
    assert "Gross exposure is 90,000.00 USD, over 2 sub-accounts." in gross.text
    assert "The cap is 80,000 USD (client ACME, version " in gross.text
    assert "To come back inside, close at least 10,000.00 USD of positions." in gross.text
    assert net.title == "ACME is above its cap on net exposure: 30,000.00 USD against 25,000.5 USD"
    assert "To come back inside, close or offset at least 4,999.50 USD of positions." in net.text


def test_an_exposure_is_warned_of_at_four_fifths_and_cured_a_little_inside(scene: Scene):
    factories.limit(scene.desk, "60000", kind=Limit.Kind.GROSS)
    scene.step("58000")
    assert breaches() == [("client_gross", "client:ACME", "warning")]
    assert Alert.objects.get().title == "ACME uses 96.6 % of its cap on gross exposure"
    scene.step("60001")
    scene.step("59999")
    assert breaches() == [("client_gross", "client:ACME", "open")]
    scene.step("59700")
    assert breaches()[0][2] == "cured"


@pytest.mark.parametrize(("kind", "cap", "held"), [("gross", "80000", "90,000"), ("net", "29999", "30,000")])
def test_a_cap_on_an_instrument_counts_what_a_client_holds_of_it_everywhere(
    scene: Scene, kind: str, cap: str, held: str
):
    eth = factories.instrument("ETH-PERP")
    factories.position(scene.account, eth, "10", "3000")
    factories.limit(scene.desk, cap, kind=kind, scope="instrument", instrument=scene.btc)
    short_account(scene)
    scene.price("3000", code="ETH-PERP")
    scene.step("60000")
    assert breaches() == [(f"instrument_{kind}", "client:ACME/BTC-PERP", "open")]
    said = f"ACME in BTC-PERP is above its cap on {kind} exposure: {held}"
    assert Alert.objects.get().title.startswith(said)


def test_a_sub_accounts_cap_is_in_the_reporting_currency_too(scene: Scene):
    second = short_account(scene)
    factories.limit(scene.desk, "29999", kind=Limit.Kind.NET, scope="sub_account", sub_account=second)
    scene.step("60000")
    assert breaches() == [("sub_account_net", "account:ACME-2", "open")]
    assert Breach.objects.get().measured == 30_000


def test_without_a_cap_on_exposure_nobody_is_in_breach(scene: Scene):
    scene.step("60000")
    assert breaches() == []


def test_a_stale_price_opens_only_what_holds_over_its_whole_band(scene: Scene):
    factories.limit(scene.desk, "60500", kind=Limit.Kind.GROSS)
    scene.step("60000")
    scene.later(61)
    scene.cycle()
    assert [state for _, _, state in breaches()] == ["warning"]
    factories.limit(scene.desk, "30000", kind=Limit.Kind.GROSS, scope="client", client=scene.client)
    scene.cycle()
    assert [state for _, _, state in breaches()] == ["open"]


def capped(cap: str) -> Instrument:
    """Its last tier begins at 100,000 and ends at a cap."""
    made = factories.instrument("ETH-PERP", tiers=[("0", "0.02", "0.01"), ("50000", "0.04", "0.02")])
    version = made.schedule.versions.get(revision_to__isnull=True)
    last = version.tiers.order_by("floor").last()
    type(last).objects.create(
        version=version, floor=100_000, initial_rate=1, maintenance_rate=1, cap=Decimal(cap)
    )
    return made


def test_a_leg_larger_than_its_schedule_allows_breaches_the_position_limit(scene: Scene):
    eth = capped("150000")
    factories.position(scene.account, eth, "30", "3000", ref="one")
    factories.position(scene.account, eth, "21", "3000", ref="two")
    factories.position(scene.account, eth, "-20", "3000", ref="three")
    factories.balance(scene.account, "500000")
    scene.price("3000", code="ETH-PERP")
    scene.step("60000")
    assert breaches() == [("position_limit", "account:ACME-1/cross/ETH-PERP/long", "open")]
    row, alert = Breach.objects.get(), Alert.objects.get()
    assert (row.measured, row.allowed, row.instrument) == (153_000, 150_000, eth)
    assert alert.title == (
        "ACME-1 in ETH-PERP is above its position limit: 153,000.00 USD against 150,000 USD"
    )
    assert "The long positions in ETH-PERP are 153,000.00 USD, in the cross pool." in alert.text
    assert "The cap is 150,000 USD (schedule of ETH-PERP)" in alert.text
    assert "close at least 3,000.00 USD of positions" in alert.text
    scene.price("2900", code="ETH-PERP")
    scene.step("60000")
    assert breaches()[0][2] == "cured"


def test_a_leg_whose_price_is_in_doubt_is_judged_over_its_band(scene: Scene):
    factories.position(scene.account, capped("150000"), "51", "3000")
    factories.balance(scene.account, "500000")
    Instrument.objects.update(stale_soft_seconds=60, stale_hard_seconds=120)
    scene.price("2930", code="ETH-PERP")
    scene.step("60000")
    scene.later(61)
    scene.price("60000")
    scene.cycle()
    assert breaches() == [("position_limit", "account:ACME-1/cross/ETH-PERP/long", "warning")]


def test_what_is_unknown_is_not_cured_because_its_pools_cannot_be_listed(scene: Scene):
    """An account that cannot be put to the engine has no legs and no isolated pools to ask."""
    eth = capped("150000")
    factories.position(scene.account, eth, "51", "3000")
    factories.balance(scene.account, "500000")
    scene.price("3000", code="ETH-PERP")
    scene.step("60000")
    eth.schedule.versions.update(revision_to=factories.revision())
    scene.step("60000")
    assert breaches() == [
        ("position_limit", "account:ACME-1/cross/ETH-PERP/long", "open"),
        ("unknown_figure", "account:ACME-1", "open"),
    ]
