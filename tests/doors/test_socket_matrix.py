"""Who opens which socket: each of the demo's sign-ins, nobody, a stranger and a token, at each desk.

A new socket address fails until it has a line below. A socket that opens shows its own desk alone, and takes
an acknowledgement only from who may give it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import Desk, User
from accounts.tokens import Issued, issue
from margin.demo.market_rows import Stamp, make_people
from margin.live.routing import websocket_urlpatterns
from margin.models import Alert
from riskdesk.demo_people import PEOPLE
from tests import factories
from tests.factories import MONDAY_NOON
from tests.live.conftest import data_folder  # noqa: F401 - a fixture
from tests.live.desk import Page, account, cookie_of, serving, write_run

DESK = "ws/desk/<str:desk>/"
LINES = {  # address, desk:   anonymous token nobody rita vic ada eve otto
    (DESK, "PRIME"):         "4401 4401 4403 open open open open 4403",
    (DESK, "RETAIL"):        "4401 4401 4403 4403 4403 open open open",
    (DESK, "NOWHERE"):       "4401 4401 4403 4403 4403 4403 4403 4403",
    ("", "anything/else/"):  "403 403 403 403 403 403 403 403",
}  # fmt: skip
NAMES = ("anonymous", "token", "nobody", *(person.name for person in PEOPLE))
MAY_ACKNOWLEDGE = {("rita", "PRIME"), ("otto", "RETAIL")}
OTHER = {"PRIME": "RETAIL", "RETAIL": "PRIME"}
WORDS = {"PRIME": "ACME", "RETAIL": "ZEDD"}
"""A client of each desk: whoever reads the word has read the desk."""


@pytest.fixture
def headers(transactional_db: None) -> dict[str, dict[str, str]]:
    """What everybody brings along; and an alert of each desk."""
    desks = {code: factories.desk(code) for code in WORDS}
    make_people(desks, Stamp(1, MONDAY_NOON))
    factories.person("nobody")
    write_run(1, [account(f"{word}-1", desk=desk) for desk, word in WORDS.items()])
    key = issue(person=User.objects.get(username="rita"), name="program")
    assert isinstance(key, Issued)
    brought = {"anonymous": {}, "token": {"Authorization": f"Bearer {key.secret}"}}
    for person in User.objects.filter(username__in=NAMES):
        brought[person.username] = {"Cookie": f"{django_settings.SESSION_COOKIE_NAME}={cookie_of(person)}"}
    return brought


@pytest.fixture
def alerts(headers: dict[str, Any]) -> Iterator[dict[tuple[str, str], int]]:
    """One for everybody at each desk: to each their own to acknowledge."""
    return {
        (name, desk.code): Alert.objects.create(
            desk=desk, reason="breach_opened", severity="critical", title=WORDS[desk.code], text="",
            key=f"{name}:{desk.code}", raised_at=MONDAY_NOON,
        ).pk
        for name in NAMES for desk in Desk.objects.filter(code__in=WORDS)
    }  # fmt: skip


def test_every_socket_address_has_a_line():
    assert {str(route.pattern) for route in websocket_urlpatterns} == {route for route, _ in LINES}
    assert {len(line.split()) for line in LINES.values()} == {len(NAMES)} == {8}


async def test_everybody_gets_the_sockets_the_table_says(
    data_folder: Any,  # noqa: F811
    headers: dict[str, dict[str, str]],
    alerts: dict[tuple[str, str], int],
) -> None:
    wrong = []
    async with serving() as server:
        for (route, desk), line in LINES.items():
            path = route.replace("<str:desk>", desk) or desk
            for name, said in zip(NAMES, line.split(), strict=True):
                found = await ask(server.port, path, headers[name], name, desk, alerts)
                if found != [said]:
                    wrong.append(f"{name} at /{path}: {found}, the table says {said}")
    assert wrong == []


async def ask(
    port: int, path: str, brought: dict[str, str], name: str, desk: str, alerts: dict[tuple[str, str], int]
) -> list[str]:
    """What comes of an opening, and of an acknowledgement where it stays open."""
    here = f"127.0.0.1:{port}"
    try:
        async with connect(
            f"ws://{here}/{path}",
            origin=f"http://{here}",
            additional_headers=brought,
            proxy=None,  # type: ignore[arg-type]
        ) as socket:
            page = Page(socket)
            if await is_let_in(page):
                return ["open", *await misdeeds(page, name, desk, alerts)]
            return [str(await page.closed()), *(["saw something"] if page.seen else [])]
    except InvalidStatus as refused:
        return [str(refused.response.status_code)]


async def is_let_in(page: Page) -> bool:
    """A refusal closes without a word; whoever is let in gets a snapshot."""
    try:
        await page.next("snapshot")
    except ConnectionClosed:
        return False
    return True


async def misdeeds(page: Page, name: str, desk: str, alerts: dict[tuple[str, str], int]) -> list[str]:
    """What an open socket shows or does and should not, or the other way round."""
    own = await acknowledge(page, alerts[name, desk])
    foreign = await acknowledge(page, alerts[name, OTHER[desk]])
    taken = "acknowledged" if (name, desk) in MAY_ACKNOWLEDGE else "403"
    wrong = [] if own == taken else [f"own alert: {own}"]
    wrong += [] if foreign == "404" else [f"the other desk's alert: {foreign}"]
    text = str(page.seen)
    return wrong + ([] if WORDS[desk] in text and WORDS[OTHER[desk]] not in text else ["the wrong desk"])


async def acknowledge(page: Page, alert: int) -> str:
    ref = f"{alert}"
    await page.say(type="ack", alert=alert, note="seen", ref=ref)
    answer = await page.next("alert", "error", where=lambda frame: frame.get("ref") == ref)
    return str(answer["alert"]["state"] if answer["type"] == "alert" else answer["status"])
