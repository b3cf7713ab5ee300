"""The page of one account: all of the newest run on it, why each number, and nothing of other desks."""

import re
from pathlib import Path

import pytest
from django.test import Client

from tests import factories
from tests.flow.conftest import empty_shelf, hints, sent  # noqa: F401 - fixtures
from tests.flow.scene import Scene, make_scene, scene_of_two
from tests.pages.seen import does_not_exist_on_another_desk, seen_by

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(book: Path) -> Scene:
    return scene_of_two(cash="4000", pocket="300", eth_price="3000", btc_price="57000")


def page(client: Client, scene: Scene, path: str = "/accounts/ACME-1/") -> str:
    return seen_by(scene.rita, client, path)


def test_it_shows_pools_positions_and_the_way_back(client: Client, scene: Scene) -> None:
    text = page(client, scene)
    assert "1,300.00" in text, "equity of both pools"
    assert "isolated:eth" in text
    assert "Deposit one of" in text
    assert "sell" in text


def test_below_its_line_it_says_where_it_is_cured_in_the_drawer_too(client: Client, scene: Scene) -> None:
    assert "cured at" not in page(client, scene)
    assert "To liquidation" in page(client, scene)
    scene.price("2960", code="ETH-PERP")
    scene.step("57000")
    for path in ("/accounts/ACME-1/", "/desk/PRIME/accounts/ACME-1/"):
        text = page(client, scene, path)
        assert re.search(r'data-label="Liquidation at".{0,120}cured at [23],', text), path
        assert "own pocket" not in text, path
        assert "To liquidation" not in text, path
        assert re.search(r"In liquidation.{0,160}since \d\d:\d\d", text), path
    assert "Behind its one position." in page(client, scene)


def test_a_price_on_the_side_of_its_gain_is_explained_in_the_drawer_too(client: Client, book: Path) -> None:
    """One long and two short: a rise ends the pool, and the long position with it."""
    made = make_scene(cash="30000")
    factories.position(made.account, made.btc, "-2", "60000", ref="short")
    made.step("59000")
    for path in ("/accounts/ACME-1/", "/desk/PRIME/accounts/ACME-1/"):
        text = page(client, made, path)
        assert text.count("hedged: a rise hurts its pool") == text.count("hedged: ") == 1, path


def test_utilisation_names_its_pool_wherever_it_stands(client: Client, scene: Scene) -> None:
    assert ">of isolated ETH-PERP</p>" in page(client, scene)
    for path in ("/", "/clients/ACME/"):
        assert 'title="Of the pool that binds: isolated eth;' in page(client, scene, path)


def test_every_figure_opens_its_working(client: Client, scene: Scene) -> None:
    assert "sum of recognised collateral" not in page(client, scene)
    for path in ("/accounts/ACME-1/?why=equity", "/accounts/ACME-1/why/?figure=equity"):
        assert "sum of recognised collateral" in page(client, scene, path)


def test_a_working_names_pools_as_people_do_in_its_notes_too(client: Client, scene: Scene) -> None:
    text = page(client, scene, "/accounts/ACME-1/why/?figure=utilisation")
    assert "isolated eth binds" in text
    assert "isolated:eth" not in text.partition("What changed it")[0]


def test_the_working_of_one_position_is_only_its_own(client: Client, scene: Scene) -> None:
    text = page(client, scene, "/accounts/ACME-1/why/?figure=notional&ref=eth")
    assert "ETH-PERP" in text
    assert "BTC-PERP" not in text
    assert "no such position" in page(client, scene, "/accounts/ACME-1/why/?figure=notional&ref=gone")


def test_what_changed_a_figure_is_told_by_cause(client: Client, scene: Scene) -> None:
    scene.step("56000", seconds=90)
    text = page(client, scene, "/accounts/ACME-1/why/?figure=equity&minutes=1")
    assert "BTC-PERP" in text.partition("What changed it")[2].partition("</section>")[0]
    assert "\u22121,000" in text
    later = page(client, scene, "/accounts/ACME-1/why/?figure=equity&minutes=60")
    assert "since 12:00:01 UTC: no older run has been kept" in later
    assert "\u22121,000" in later


def test_what_changed_cannot_be_told_of_the_only_run(client: Client, scene: Scene) -> None:
    text = page(client, scene, "/accounts/ACME-1/why/?figure=equity&minutes=60")
    assert "It cannot be told: no earlier run has been kept." in text


def test_modes_are_compared_and_a_flip_is_tried_without_moving_anything(client: Client, scene: Scene) -> None:
    text = page(client, scene, "/accounts/ACME-1/modes/")
    assert "in the wallet" in text
    assert ">isolated ETH-PERP</span>" in text, "the pool that falls first is named"
    assert "All isolated" in text
    assert "As tried" not in text
    tried = page(client, scene, "/accounts/ACME-1/modes/?flip=eth")
    assert "As tried" in tried
    assert "1,300.00" in tried, "what is owned is the same in every mode"
    assert "1,300.00" in page(client, scene)


def test_its_charts_are_of_the_same_run(client: Client, scene: Scene) -> None:
    text = page(client, scene, "/accounts/ACME-1/now/")
    assert 'data-figure-of="ladder"' in text
    assert 'data-figure-of="waterfall"' in text
    with scene.clock():
        figure = client.get("/accounts/ACME-1/history/?span=15m").json()
    assert {trace["name"]: trace["y"] for trace in figure["data"]}["Equity"] == [1300.0]


def test_where_the_ends_of_a_doubtful_price_differ_nothing_is_told_of_either(
    client: Client, scene: Scene
) -> None:
    scene.later(61)
    scene.cycle()
    text = page(client, scene)
    assert "Unknown:</b> stale price of" in text
    assert ">57,000<" in text, "the last price that was heard"
    for told in ("Deposit one of", "House requirement</td>", "hurts its pool", 'data-flash="up">−'):
        assert told not in text, told
    modes = page(client, scene, "/accounts/ACME-1/modes/")
    assert 'data-figure-of="modes"' not in modes
    assert not re.search(r'"num">\d', modes), "of no mode"


def test_an_account_without_a_run_says_so(client: Client, book: Path) -> None:
    assert "No run has been committed yet" in page(client, make_scene())


def test_an_account_of_another_desk_does_not_exist(client: Client, scene: Scene) -> None:
    assert does_not_exist_on_another_desk(client, "/accounts/ACME-1/", "/accounts/ACME-1/now/")


def test_the_letters_of_a_formula_are_named_where_their_values_stand(client: Client, scene: Scene) -> None:
    text = page(client, scene, "/accounts/ACME-1/why/?figure=equity")
    assert '<dt>q <span class="muted">quantity, shorts negative</span></dt>' in text
    assert '<dt>b <span class="muted">balance</span></dt>' in text
    assert "H: haircut" in text
    text = page(client, scene, "/accounts/ACME-1/why/?figure=house_maintenance")
    assert '<dt>b <span class="muted">house buffer</span></dt>' in text
