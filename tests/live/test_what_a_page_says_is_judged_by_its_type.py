"""Views, pings and nonsense: a table of types, refusals in frames, and an end to patience."""

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from margin.notify.events import Error, View
from margin.notify.figures import COLUMNS
from margin.notify.push import spec_of
from tests.live.desk import Server, account, write_run

BAD = {
    "not json": "{",
    "a number": "1",
    "an array": "[]",
    "nested deep": "[" * 50_000,
    "nested deep inside": '{"type": "view", "filters": ' + '{"a":' * 10_000 + "1",
    "no type": "{}",
    "a method's name": '{"type": "close"}',
    "a server's type": '{"type": "snapshot"}',
    "an unknown field": '{"type": "ping", "x": 1}',
    "a float for an alert": '{"type": "ack", "alert": 1.5}',
    "an alert below one": '{"type": "ack", "alert": 0}',
    "an alert beyond the column": '{"type": "ack", "alert": 9223372036854775808}',
    "a ref too long": json.dumps({"type": "ping", "ref": "x" * 65}),
    "half a character": '{"type": "ping", "ref": "\\ud800"}',
    "an unknown column": '{"type": "view", "columns": ["password"]}',
    "an unknown filter": '{"type": "view", "filters": {"equity": ["1"]}}',
    "a window before the list": '{"type": "view", "window": [-1, 10]}',
    "a window too wide": '{"type": "view", "window": [0, 2001]}',
    "a window of nothing": '{"type": "view", "window": [0, 0]}',
    "a window beyond numbers": '{"type": "view", "window": [99999999999999999999999, 1]}',
}


async def test_what_is_not_understood_is_answered_and_the_socket_lives(
    server: Server, cookies: dict[str, str]
) -> None:
    write_run(1, [account("ACME-1")])
    for name, bad in BAD.items():
        async with server.page(cookies["vic"]) as page:
            await page.next("snapshot")
            await page.socket.send(bad)
            await page.say(type="ping", ref="r")
            answer = await page.next("error", "pong")
            assert (answer["type"], answer.get("status")) == ("error", 400), name
            assert (await page.next("pong"))["ref"] == "r", name


VIEWS = {
    "columns": [({"columns": ["password"]}, "'password'"), ({"columns": ["account"] * 65}, "65")],
    "filters": [({"filters": {"equity": ["1"]}}, "'equity'"), ({"filters": {"level": ["x"] * 1001}}, "1001")],
    "window": [({"window": (-1, 10)}, "[-1, 10]"), ({"window": (0, 2001)}, "[0, 2001]")],
}


def test_a_view_that_cannot_be_is_refused_by_the_name_of_its_field_with_what_was_sent() -> None:
    for field, cases in VIEWS.items():
        for asked, sent in cases:
            refused = spec_of(View(**asked), COLUMNS)
            assert isinstance(refused, Error)
            assert (refused.field, refused.rule) == (field, "view")
            assert sent in refused.message


async def test_the_third_bad_frame_closes(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        for bad in ("{", b"\x00binary", '{"type": "nonsense"}'):
            await page.socket.send(bad)
        assert await page.closed() == 4400


async def test_a_frame_above_64_kb_closes_with_1009(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.socket.send("x" * 65_537)
        assert await page.closed() == 1009


async def test_a_thousand_frames_a_second_close_with_4429(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        try:
            for _ in range(1000):
                await page.say(type="ping")
        except ConnectionClosed:
            pass  # it was closed while we still spoke
        assert await page.closed() == 4429


async def ask(server: Server, cookie: str, **view: Any) -> dict[str, Any]:
    async with server.page(cookie) as page:
        await page.next("snapshot")
        await page.say(type="view", **view)
        return await page.next("snapshot")


@pytest.fixture
def book(data_folder: object) -> None:
    levels = ["liquidation", "danger", "danger", "normal", "normal"]
    rows = [account(f"ACC-{n}", level=level, distance=f"0.{n}") for n, level in enumerate(levels, 1)]
    write_run(1, [*rows, account("OTHER-1", desk="RETAIL")])


async def test_a_view_shows_its_columns_and_always_the_account(
    server: Server, cookies: dict[str, str], book: None
) -> None:
    answer = await ask(server, cookies["vic"], columns=["level", "distance"])
    assert answer["columns"] == ["account", "level", "distance"]
    assert answer["rows"][0] == ["ACC-1", "liquidation", "0.1"]
    assert len(answer["rows"]) == 5, "another desk's account is not among them"


async def test_a_view_shows_what_its_filters_let_through(
    server: Server, cookies: dict[str, str], book: None
) -> None:
    answer = await ask(server, cookies["vic"], columns=[], filters={"level": ["danger", "liquidation"]})
    assert answer["rows"] == [["ACC-1"], ["ACC-2"], ["ACC-3"]]
    assert answer["total"] == 3


async def test_a_view_shows_its_window_of_the_trouble_order(
    server: Server, cookies: dict[str, str], book: None
) -> None:
    answer = await ask(server, cookies["vic"], columns=[], window=[1, 2])
    assert answer["rows"] == [["ACC-2"], ["ACC-3"]]
    assert answer["total"] == 5


async def test_another_desk_cannot_be_reached_through_a_filter(
    server: Server, cookies: dict[str, str], book: None
) -> None:
    answer = await ask(server, cookies["vic"], filters={"desk": ["RETAIL"]})
    assert answer["rows"] == []


async def test_marks_come_only_when_asked_for(server: Server, cookies: dict[str, str], book: None) -> None:
    assert "prices" not in await ask(server, cookies["vic"])
    answer = await ask(server, cookies["vic"], prices=True)
    assert answer["prices"]["BTC-PERP"]["mark"] == "60000"
