"""A hundred pages of one view cost one comparison and one encoding a run."""

from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async

from margin.live import room as room_module
from margin.live.hub import hub
from margin.notify.figures import desk_figures
from margin.notify.hints import send_hints
from margin.notify.push import Figures
from tests.live.desk import Page, Server, account, write_run

PAGES = 12


async def test_many_pages_of_two_views_cost_two_encodings_a_run(
    server: Server, cookies: dict[str, str]
) -> None:
    write_run(1, [account("ACME-1")])
    async with AsyncExitStack() as open_pages:
        pages: list[Page] = []
        for number in range(PAGES):
            page = await open_pages.enter_async_context(server.page(cookies["vic"]))
            await page.next("snapshot")
            columns = ["level"] if number % 2 else ["equity"]
            await page.say(type="view", columns=columns, charts=False, ref=str(number))
            await page.next("snapshot", where=lambda frame, wanted=columns: frame["columns"][1:] == wanted)
            pages.append(page)
        room = hub().rooms["PRIME"]
        assert len(room.looks) == 2, "views nobody looks through are forgotten"
        encoded = {"before": room.encoded, "beats": room.beats}
        run = write_run(2, [account("ACME-1", equity="9.00", level="danger")])
        await sync_to_async(send_hints, thread_sensitive=False)(["PRIME"], 1, 2, run)
        seen = [await page.next("changed") for page in pages]
        spent = room.encoded - encoded["before"] - (room.beats - encoded["beats"])
    assert spent == 3, "two views, and the chart's point"
    assert [frame["rows"]["ACME-1"] for frame in seen[:2]] == [{"equity": "9.00"}, {"level": "danger"}]


async def test_a_run_is_read_once_however_many_look(
    server: Server, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[str] = []

    def counted(desk: str, counts: dict[str, int]) -> Figures:
        readings.append(desk)
        return desk_figures(desk, counts)

    monkeypatch.setattr(room_module, "desk_figures", counted)
    write_run(1, [account("ACME-1")])
    async with AsyncExitStack() as open_pages:
        pages = [await open_pages.enter_async_context(server.page(cookies["vic"])) for _ in range(PAGES)]
        for page in pages:
            await page.next("beat")
        before = len(readings)
        run = write_run(2, [account("ACME-1", equity="9.00")])
        await sync_to_async(send_hints, thread_sensitive=False)(["PRIME"], 1, 2, run)
        for page in pages:
            await page.next("changed")
    assert len(readings) == before + 1
