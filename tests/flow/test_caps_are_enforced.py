"""Leverage caps: warned, opened, cured, reopened; each once, and never on a price in doubt.

ACME's leverage at a price p is p / (p - 50,000); its cap of 10 binds below 55,555.56, warns from 57,142.85.
"""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from margin.book.read import account_rows
from margin.models import Alert, Breach, Delivery, Limit, PositionVersion
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
SAFE, NEAR, LEAVING, OVER, JUST_INSIDE, INSIDE = "60000", "57000", "57300", "55500", "55570", "55600"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def breaches() -> list[tuple[str, str, str]]:
    return list(Breach.objects.order_by("id").values_list("rule", "subject", "state"))


def alerts() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("id").values_list("reason", "state"))


def test_near_the_cap_it_is_warned_of_without_a_letter(scene: Scene):
    scene.step(SAFE)
    scene.step(NEAR)
    assert breaches() == [("client_leverage", "client:ACME", "warning")]
    assert alerts() == [("limit_near", "open")]
    assert not Delivery.objects.exists()


def test_a_warning_is_left_three_points_lower_than_it_is_entered(scene: Scene):
    scene.step(NEAR)
    scene.step(LEAVING)
    assert breaches()[0][2] == "warning"
    scene.step("57500")
    assert breaches()[0][2] == "cured"
    assert alerts() == [("limit_near", "resolved")]


def test_a_warning_becomes_the_breach_and_its_alert_gives_way(scene: Scene):
    scene.step(NEAR)
    scene.step(OVER)
    assert breaches() == [("client_leverage", "client:ACME", "open")]
    assert alerts() == [("limit_near", "resolved"), ("breach_opened", "open")]


def test_a_row_says_how_its_account_stands_to_all_caps_asked_of_it_and_of_its_client(scene: Scene):
    factories.sub_account("ACME-IDLE", of=scene.client)
    for price, word in ((SAFE, "within"), (NEAR, "near"), (OVER, "over")):
        scene.step(price)
        assert {row["account"]: row["cap_state"] for row in account_rows()} == {
            "ACME-1": word,
            "ACME-IDLE": "within",
        }
    factories.limit(scene.desk, "100", kind="gross", scope="sub_account", sub_account=scene.account)
    scene.step(SAFE)
    assert account_rows()[0]["cap_state"] == "over", "whatever the kind of the cap"


def test_who_holds_something_without_the_cap_that_is_required_lacks_it():
    scene = make_scene(cap=None)
    scene.step(SAFE)
    assert account_rows()[0]["cap_state"] == "missing"


@pytest.mark.parametrize(("price", "cap", "state"), [(NEAR, "9", "warning"), (OVER, "9.5", "open")])
def test_what_was_said_of_a_cap_is_said_anew_when_the_cap_changes(
    scene: Scene, price: str, cap: str, state: str
):
    scene.step(price)
    old = Limit.objects.get()
    Limit.objects.filter(pk=old.pk).update(revision_to=old.revision_from + 1)
    new = factories.limit(scene.desk, cap, warn="5")
    scene.cycle()
    scene.cycle()
    assert [row[2] for row in breaches()] == [state]
    assert Breach.objects.get().limit == new
    said = list(Alert.objects.order_by("id"))
    assert [alert.state for alert in said] == ["resolved", "open"]
    assert f"The cap is {cap} (desk PRIME, version {new.pk})" in said[1].text
    assert f"version {old.pk})" in said[0].text, "what was said then stands as it was said"


def test_exactly_at_the_cap_is_no_breach():
    scene = make_scene(cash="6000")
    scene.step("60000")
    assert breaches()[0][2] == "warning"
    scene.step("59999.99")
    assert breaches()[0][2] == "open"


def test_a_breach_is_cured_a_little_inside_by_the_run_that_finds_it_so(scene: Scene):
    scene.step(OVER)
    scene.step(JUST_INSIDE)
    assert breaches()[0][2] == "open"
    outcome = scene.step(INSIDE)
    breach = Breach.objects.get(state="cured")
    assert str(breach.cured_by_id) == outcome.run
    assert ("breach_opened", "resolved") in alerts()


def test_noise_at_the_cap_for_an_hour_opens_it_once(scene: Scene):
    noise = random.Random(7)
    for _ in range(120):
        price = Decimal("55555.56") * (1 + Decimal(noise.uniform(-1, 1)) / 10_000)
        scene.step(f"{price:.2f}", seconds=30)
    assert Alert.objects.filter(reason__startswith="breach_").count() == 1
    assert Delivery.objects.count() == 1


def test_within_a_day_it_is_the_same_breach_reopened(scene: Scene):
    for price in (OVER, SAFE, OVER):
        scene.step(price)
    assert breaches() == [("client_leverage", "client:ACME", "open")]
    assert [reason for reason, _ in alerts()] == ["breach_opened", "breach_reopened"]
    assert Delivery.objects.count() == 2


def test_a_warning_on_the_way_back_up_gives_way_to_the_breach_reopened(scene: Scene):
    for price in (OVER, SAFE, NEAR, OVER):
        scene.step(price)
    assert [state for _, _, state in breaches()] == ["open", "cured"]
    assert alerts()[1:] == [("limit_near", "resolved"), ("breach_reopened", "open")]


def test_after_a_day_it_is_a_new_breach(scene: Scene):
    scene.step(OVER)
    scene.step(SAFE)
    scene.later(24 * 3600)
    scene.step(OVER)
    assert [state for _, _, state in breaches()] == ["cured", "open"]


def test_an_acknowledged_breach_stays_so_until_it_is_cured(scene: Scene):
    scene.step(OVER)
    Breach.objects.update(state="acknowledged")
    Alert.objects.update(state="acknowledged")
    scene.step(OVER)
    assert breaches()[0][2] == "acknowledged"
    scene.step(SAFE)
    assert breaches()[0][2] == "cured"
    assert alerts() == [("breach_opened", "resolved")]


def test_no_breach_rests_on_a_single_unbelievable_print(scene: Scene):
    """31 October 2019, 15 April 2017: an outlier moved an index, and closed people out."""
    scene.step(SAFE)
    scene.step("0.06")
    assert breaches() == []
    assert [reason for reason, _ in alerts()] == ["price_in_doubt"]
    scene.step("59990")
    assert breaches() == []
    assert alerts() == [("price_in_doubt", "resolved")]


def test_a_stale_price_neither_opens_nor_cures_where_the_band_reaches_over_the_cap(scene: Scene):
    scene.step(OVER)
    scene.later(61)
    scene.cycle()
    assert breaches()[0][2] == "open"
    scene.step("55800", seconds=61)
    assert breaches()[0][2] == "cured"
    scene.later(61)
    scene.cycle()
    assert [state for _, _, state in breaches()] == ["cured"]  # near the cap, but not surely so


def test_a_stale_price_still_opens_what_holds_over_the_whole_band(scene: Scene):
    scene.step("62000")
    scene.later(61)
    scene.cycle()
    assert breaches() == []
    factories.limit(scene.desk, "2", scope="client", client=scene.client)  # 6.6 to 4.3
    scene.cycle()
    assert breaches() == [("client_leverage", "client:ACME", "open")]


def test_a_client_without_any_cap_is_in_breach_and_said_so():
    scene = make_scene(cap=None)
    scene.step(SAFE)
    assert breaches() == [("missing_cap", "client:ACME", "open")]
    assert alerts() == [("cap_missing", "open")]
    assert Alert.objects.get().text.endswith("Nothing is refused or closed by itself: people decide.")
    factories.limit(scene.desk, "10")
    scene.step(SAFE)
    assert breaches() == [("missing_cap", "client:ACME", "cured")]


def test_an_instruments_own_cap_and_a_sub_accounts_are_asked_too(scene: Scene):
    factories.limit(scene.desk, "5", scope="instrument", instrument=scene.btc)
    limit = factories.limit(scene.desk, "4", scope="sub_account", sub_account=scene.account)
    scene.step(SAFE)
    assert [(rule, subject) for rule, subject, _ in breaches()] == [
        ("instrument_leverage", "account:ACME-1/cross/BTC-PERP"),
        ("sub_account_leverage", "account:ACME-1"),
    ]
    row = Breach.objects.get(rule="sub_account_leverage")
    assert (row.limit_id, row.measured, row.allowed) == (limit.pk, 6, 4)


def test_a_client_is_measured_over_all_its_sub_accounts_in_the_reporting_currency(scene: Scene):
    eurusd = factories.instrument("EURUSD", stale_soft_seconds=9999, stale_hard_seconds=9999)
    eur = factories.asset("EUR")
    eurusd.rate_paths.create(base=eur, quote=factories.asset("USD"))
    second = factories.sub_account("ACME-2", of=scene.client, base="EUR")
    factories.balance(second, "8000", of="EUR")
    scene.price("1.25", code="EURUSD")
    scene.step(OVER)  # 55,500 on 5,500 + 8,000 * 1.25
    assert breaches() == []
    scene.later(1)
    scene.price("1.15", code="EURUSD")
    scene.later(1)
    factories.position(second, scene.btc, "2", "55500")  # 166,500 on 5,500 + 8,000 * 1.15
    scene.cycle()
    row = Breach.objects.get(rule="client_leverage")
    assert row.state == "open"
    assert row.measured == (Decimal(166500) / Decimal(14700)).quantize(Decimal("1e-18"), "ROUND_UP")


def test_no_equity_behind_a_position_is_unbounded_and_over_every_cap(scene: Scene):
    scene.step("49000")
    row = Breach.objects.get(rule="client_leverage")
    assert (row.state, row.measured, row.reason) == ("open", None, "no_equity")


def test_a_closed_position_cures_what_was_said_of_it(scene: Scene):
    factories.limit(scene.desk, "5", scope="instrument", instrument=scene.btc)
    scene.step(SAFE)
    PositionVersion.objects.update(revision_to=factories.revision(1))
    scene.step(SAFE)
    assert [state for _, _, state in breaches()] == ["cured"]
    assert Breach.objects.get().reason == "the rule no longer applies"


def test_a_limit_with_an_end_binds_until_then(scene: Scene):
    factories.limit(
        scene.desk, "5", scope="client", client=scene.client, valid_to=scene.now + timedelta(seconds=10)
    )
    scene.step(SAFE)
    assert breaches()[0][2] == "open"
    scene.step(SAFE, seconds=20)
    assert breaches()[0][2] == "cured"
