"""Margin call and liquidation, pool by pool; what is unknown is said to be unknown.

ACME's equity at a price p is p - 50,000; with a buffer of 25 % the call comes below 1.25 % of p.
"""

import pytest

from margin.book.read import account_rows, desk_summary, position_rows
from margin.flow.phrases import pool_named, sentence
from margin.flow.show import NOT_FIRM, ON_A_MARK
from margin.models import Alert, Breach, Delivery
from riskdesk.errors import sure
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
CALL, LIQUIDATION, CALL_AGAIN, DANGER, SAFE = "50600", "50500", "50620", "50640", "58000"


@pytest.fixture
def scene() -> Scene:
    made = make_scene(cap="1000")
    factories.buffer(made.desk, "0.25")
    return made


def levels() -> list[tuple[str, str, str]]:
    rows = Breach.objects.filter(rule="margin_level").order_by("id")
    return [(row.subject, row.state, row.detail["level"]) for row in rows]


def reasons(**fields: object) -> list[str]:
    return list(Alert.objects.filter(**fields).order_by("id").values_list("reason", flat=True))


def test_a_call_is_told_with_the_deposit_that_ends_it(scene: Scene):
    scene.step(CALL)
    assert levels() == [("account:ACME-1/cross", "open", "margin_call")]
    alert = Alert.objects.get()
    assert (alert.reason, alert.severity) == ("margin_call", "critical")
    assert "600.00 USD of equity against a house requirement of 632.50 USD" in alert.text
    assert "A deposit of 454.17 USD brings it back to 60.0 % utilisation." in alert.text
    assert Delivery.objects.count() == 1


def test_a_call_that_becomes_a_liquidation_is_the_same_breach_told_again(scene: Scene):
    scene.step(CALL)
    scene.step(LIQUIDATION)
    scene.step(LIQUIDATION)
    assert levels() == [("account:ACME-1/cross", "open", "liquidation")]
    assert reasons() == ["margin_call", "liquidation"]
    assert reasons(state="open") == ["liquidation"]


def test_a_liquidation_eases_two_points_inside_and_leaves_the_call(scene: Scene):
    scene.step(LIQUIDATION)
    scene.step("50510")
    assert levels()[0][2] == "liquidation"  # E = 510 against MM = 505.10: less than two points
    scene.step(CALL_AGAIN)
    assert levels() == [("account:ACME-1/cross", "open", "margin_call")]
    assert reasons(state="open") == ["margin_call"]


def test_a_call_ends_two_points_inside(scene: Scene):
    scene.step(CALL)
    scene.step(DANGER)
    assert levels()[0][1] == "open"
    scene.step(SAFE)
    assert levels()[0][1] == "cured"
    assert reasons(state="open") == []


def test_after_danger_a_liquidation_is_told_again(scene: Scene):
    for price in (LIQUIDATION, DANGER, LIQUIDATION):
        scene.step(price)
    assert reasons() == ["liquidation", "liquidation"]


def test_an_isolated_position_falls_alone(scene: Scene):
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=60, stale_hard_seconds=120)
    factories.position(scene.account, eth, "10", "3000", mode="isolated", ref="eth")
    factories.balance(scene.account, "1000", key="isolated:eth")
    scene.price("2920", code="ETH-PERP")
    scene.step(SAFE)
    assert levels() == [("account:ACME-1/isolated:eth", "open", "liquidation")]
    alert = Alert.objects.get()
    assert alert.title == "ACME-1, isolated eth, is below maintenance: liquidation"
    assert "the wallet and the others are untouched" in alert.text
    row = account_rows()[0]
    assert (row["level"], row["binding_pool"], row["distance"]) == ("liquidation", "isolated:eth", "0.000000")
    pools = {r["ref"]: r["pool_level"] for r in position_rows("ACME-1")}
    assert pools == {"BTC-PERP|cross": "normal", "eth": "liquidation"}


def test_a_missing_price_makes_the_account_unknown_and_nothing_else(scene: Scene):
    factories.instrument("NEW-PERP")
    new = type(scene.btc).objects.get(code="NEW-PERP")
    factories.position(scene.account, new, "1", "1")
    scene.step(SAFE)
    row = account_rows()[0]
    assert (row["level"], row["equity"], row["unknown_because"]) == ("unknown", None, "no price of NEW-PERP")
    assert [b.rule for b in Breach.objects.all()] == ["unknown_figure"]
    assert sorted(reasons()) == ["figure_unknown", "price_in_doubt"]
    scene.price("1", code="NEW-PERP")
    scene.cycle()
    assert reasons(state="open") == []


def test_within_its_guard_band_a_stale_price_still_tells_a_level_that_holds_at_both_ends(scene: Scene):
    scene.step(SAFE)
    scene.later(61)
    scene.cycle()
    row = account_rows()[0]
    assert (row["level"], row["bounded"]) == ("normal", True)


def test_where_the_ends_differ_the_level_is_unknown_and_no_call_rests_on_it(scene: Scene):
    scene.step("51500")  # normal; five per cent lower it would be gone
    scene.later(61)
    scene.cycle()
    row = account_rows()[0]
    assert (row["level"], row["bounded"]) == ("unknown", False)
    firm = {name for name, value in row.items() if value is not None}
    assert not firm & {*NOT_FIRM}, "a figure that would be another at the other end of the band is not shown"
    assert NOT_FIRM.keys() >= {"equity", "house_maintenance", "utilisation", "leverage", "distance", "next"}
    held = position_rows(row["account"])[0]
    assert held["mark"] == "51500", "the last price that was heard, and neither end of its band"
    assert {held[name] for name in ON_A_MARK} == {None}
    assert levels() == []
    assert reasons() == ["figure_unknown"]
    desk = sure(desk_summary(scene.desk.code), "the desk has run")
    assert (desk["unknown"], desk["equity"]) == (1, "0.00"), "what is not shown of it is in no sum either"


def test_beside_a_price_in_doubt_a_position_with_a_sure_one_stays_told(scene: Scene):
    """Sums over an instrument lose nobody whose own price is sure."""
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=60, stale_hard_seconds=120)
    factories.position(scene.account, eth, "1", "3000")
    scene.price("3000", code="ETH-PERP")
    scene.step("51500")
    scene.later(61)
    scene.price("3100", code="ETH-PERP")
    scene.cycle()
    row = account_rows()[0]
    told = {held["instrument"]: held for held in position_rows(row["account"])}
    assert row["level"] == "unknown"
    assert {told["BTC-PERP"][name] for name in ON_A_MARK} == {None}
    sure_of = {name: told["ETH-PERP"][name] for name in ("mark", *ON_A_MARK)}
    firm = {"mark": "3100", "notional": "3100.00", "unrealised_pnl": "100.00", "maintenance": "31.00"}
    assert sure_of == {**firm, "liquidation_price": None}


def test_a_silent_feed_is_told_once_beyond_the_hard_limit(scene: Scene):
    scene.step(SAFE)
    for _ in range(3):
        scene.later(121)
        scene.cycle()
    assert reasons(reason__in=["feed_silent", "price_in_doubt"]) == ["feed_silent", "price_in_doubt"]
    scene.step(SAFE)
    assert reasons(state="open") == []


def test_a_pool_is_named_as_people_call_it() -> None:
    pool = pool_named("isolated:XRP-PERP|isolated|event")
    assert sentence(pool) == "Isolated XRP-PERP (event)"
