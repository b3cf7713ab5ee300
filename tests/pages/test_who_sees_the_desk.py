"""The first page shows a person their own desks, and no other."""

import re
from pathlib import Path

import pytest
from django.test import Client

from margin.book.frame import write_frame
from margin.models import Alert
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages.frames import account, frame, position


@pytest.fixture(autouse=True)
def _a_run(book: Path) -> None:
    write_frame(frame([account("ACME-1"), account("NORTH-1", level="danger")], [position("ACME-1")]))


def test_a_stranger_is_led_to_the_sign_in_page(client: Client, db: None) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/"


def test_a_viewer_sees_the_rows_and_no_way_to_acknowledge(client: Client, cast: Cast) -> None:
    said = {
        "reason": "limit_near",
        "severity": "warning",
        "title": "Near",
        "key": "k",
        "raised_at": MONDAY_NOON,
    }
    alert = Alert.objects.create(desk=cast.prime, **said)
    pages = {}
    for person in (cast.vic, cast.rita):
        client.force_login(person)
        pages[person.username] = client.get("/").content.decode()
    assert "ACME-1" in pages["vic"]
    assert "NORTH-1" in pages["vic"]
    taking = f'data-acknowledge="{alert.pk}"'
    assert (taking in pages["vic"], taking in pages["rita"]) == (False, True)


def test_another_desk_does_not_exist(client: Client, cast: Cast) -> None:
    client.force_login(cast.otto)
    assert "ACME-1" not in client.get("/").content.decode()
    for path in (
        "/?desk=PRIME",
        "/desk/PRIME/alerts/",
        "/desk/PRIME/state/",
        "/desk/PRIME/history/",
        "/desk/PRIME/accounts/ACME-1/",
    ):
        assert client.get(path).status_code == 404, path


def test_who_is_over_a_cap_is_marked_in_the_row_and_can_be_shown_alone(client: Client, cast: Cast) -> None:
    calm, near = account("ACME-1"), account("PALISADE-1", cap_state="near")
    write_frame(frame([account("VANTAGE-1", cap_state="over", distance=None), calm, near], seq=2))
    client.force_login(cast.rita)

    def rows(query: str) -> list[str]:
        page = client.get(f"/{query}").content.decode().partition("<template")[0]
        return re.findall(r'data-key="([^"]+)"', page)

    assert rows("") == ["VANTAGE-1", "ACME-1", "PALISADE-1"]
    assert rows("?desk=PRIME&caps=over") == ["VANTAGE-1"]
    assert rows("?desk=PRIME&caps=near") == ["PALISADE-1"]
    page = client.get("/?desk=PRIME&caps=over").content.decode()
    assert re.search(r'caps=over" aria-current="true">Over a cap <b data-caps="over missing">1</b>', page)
    assert '"filters": {"cap_state": ["over", "missing"]}' in page
    assert 'href="#i-critical"/></svg><span data-cell="cap_word">Over a cap</span>' in page


def test_an_old_price_of_a_closed_market_says_so(client: Client, cast: Cast) -> None:
    write_frame(frame([account("ACME-1", price_state="closed"), account("NORTH-1")], seq=2))
    client.force_login(cast.rita)
    page = client.get("/").content.decode().partition("<template")[0]
    ages = re.findall(r'data-cell="closed"[^>]*?( hidden)?>closed', page)
    assert ages == ["", " hidden"]


def test_a_desk_of_ones_own_does_not_open_accounts_of_another(client: Client, cast: Cast) -> None:
    client.force_login(cast.otto)
    assert client.get("/desk/RETAIL/accounts/ACME-1/").status_code == 404


def test_a_person_without_a_desk_is_told_how_to_get_one(client: Client, cast: Cast) -> None:
    client.force_login(cast.nobody)
    assert "see no desk yet" in client.get("/").content.decode()


def test_the_drawer_shows_the_positions(client: Client, cast: Cast) -> None:
    client.force_login(cast.rita)
    drawer = client.get("/desk/PRIME/accounts/ACME-1/").content.decode()
    assert "BTC-PERP" in drawer
    assert "−1.5" in drawer
    assert "71,200.5" in drawer


def test_names_of_clients_are_text_and_nothing_else(client: Client, cast: Cast, book: Path) -> None:
    write_frame(frame([account("EVIL-1", client_name="<img src=x onerror=window.xss=1>")], seq=2))
    client.force_login(cast.rita)
    page = client.get("/").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize(
    "path",
    [
        "/desk/%00/alerts/",
        "/desk/%00/state/",
        "/desk/%00/history/",
        "/desk/PRIME/accounts/%00/",
        "/?desk=%00",
        "/accounts/%00/",
        "/clients/%00/",
        "/exposures/?desk=%00",
        "/engine/?desk=%00",
    ],
)
def test_what_cannot_be_a_code_does_not_exist_either(client: Client, cast: Cast, path: str) -> None:
    client.force_login(cast.otto)
    assert client.get(path).status_code in {200, 404}
