"""The page of exposures: sums by any key, who holds one, what is left out, and sums of nothing."""

from pathlib import Path

import pytest
from django.test import Client

from margin.book.frame import write_frame
from margin.engine.exposure import Exposure
from margin.engine.rational import Fraction
from margin.models import Instrument
from margin.pages.exposures import boxes, readable
from margin.whatif import exposures
from tests import factories
from tests.conftest import Cast
from tests.pages.frames import account, frame, position

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(cast: Cast, book: Path, client: Client) -> Client:
    exposures._kept.clear()
    for code in ("BTC-PERP", "ETH-PERP"):
        factories.instrument(code)
    rows = [account("ACME-1"), account("NORTH-1"), account("NORTH-2", client="NORTH")]
    held = [
        position("ACME-1", quantity="2", mark="50000", notional="100000.00"),
        position("NORTH-1", quantity="-1", mark="50000", notional="50000.00"),
        position("NORTH-2", instrument="ETH-PERP", quantity="10", mark="3000", notional="30000.00"),
        position("NORTH-2", instrument="ETH-PERP", ref="lost", mark=None, notional=None),
    ]
    write_frame(frame(rows, held))
    client.force_login(cast.vic)
    return client


def page(desk: Client, query: str = "") -> str:
    answer = desk.get(f"/exposures/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_net_and_gross_stand_in_order_of_gross(desk: Client) -> None:
    table = page(desk, "?by=instrument").partition('id="table"')[2]
    assert table.index("BTC-PERP") < table.index("ETH-PERP")
    assert "150,000.00" in table
    assert "50,000.00" in table, "100,000 long and 50,000 short"
    assert "83.3 %" in table


def test_a_row_opens_who_holds_it(desk: Client) -> None:
    beside = page(desk, "?by=instrument&key=BTC-PERP").partition('id="beside"')[2]
    assert "/clients/ACME/" in beside
    assert "\u221250,000.00" in beside, "North is short"
    assert "Choose a row" in page(desk, "?by=instrument&key=NOTHING")


def test_what_has_no_price_is_counted_and_named(desk: Client) -> None:
    assert "/accounts/NORTH-2/" in page(desk).partition("Left out of the sums")[2]


def test_instruments_that_name_no_asset_are_set_apart_from_assets(desk: Client) -> None:
    Instrument.objects.filter(code="ETH-PERP").update(underlying=factories.asset("ETH"))
    table = page(desk, "?by=asset").partition('id="table"')[2].partition('id="beside"')[0]
    order = [">Assets ", ">ETH<", "Other, by instrument", ">BTC-PERP<"]
    places = [table.index(word) for word in order]
    assert places == sorted(places), "though more is held of BTC-PERP"
    assert "Other, by instrument" not in page(desk, "?by=instrument")


@pytest.mark.parametrize(
    ("sizes", "named"),
    [([], 0), ([5.0], 1), ([50.0, 49.0, 0.5, 0.5], 1), ([90.0, 2.0, 1.0, 1.0], 2), ([50.0, 40.0, 10.0], 3)],
)
def test_what_cannot_bear_its_name_is_one_box_together(sizes: list[float], named: int) -> None:
    assert readable(sizes) == named


def test_small_ones_stand_together_where_their_sum_belongs() -> None:
    sizes = {"A": 900, "B": 20, "C": 12, "D": 11, "E": 10}
    held = [
        exposures.Held(key, Exposure(Fraction(size), Fraction(size)), None) for key, size in sizes.items()
    ]
    shown = boxes([{"key": key} for key in sizes], held)
    assert [box["key"] for box in shown] == ["A", ":smaller", "B"]
    assert (shown[1]["word"], shown[1]["share"]) == ("3 smaller", "3.4 %")


def test_a_nonsense_key_opens_the_usual_view(desk: Client) -> None:
    assert "by asset" in page(desk, "?by=%3Cscript%3E&key=%00")


def test_an_empty_desk_says_so(cast: Cast, book: Path, client: Client) -> None:
    exposures._kept.clear()
    client.force_login(cast.vic)
    assert "No run has been committed yet" in page(client)
    write_frame(frame([account("ACME-1")]))
    assert "Nothing is held on this desk" in page(client)
