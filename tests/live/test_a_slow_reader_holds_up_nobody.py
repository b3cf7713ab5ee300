"""Latest wins: a reader that falls behind gets the newest state, one that does not read is put out."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.sessions import Seat
from margin.live import socket as socket_module
from margin.live.codes import Close
from margin.live.hub import hub
from margin.live.socket import MOST_WAITING, Socket
from margin.notify.hints import send_hints
from riskdesk import clock
from tests.live.desk import DEADLINE_SECONDS, Server, account, write_run

BOOK = 300


async def move(seq: int, *, bulk: int = 0) -> None:
    """A run that changes a figure of every account, and so many bytes besides."""
    name = f"{seq:04}" * (bulk // 4)
    run = write_run(seq, [account(f"ACC-{n}", equity=f"{seq}.{n:04}", name=name) for n in range(BOOK)])
    await sync_to_async(send_hints, thread_sensitive=False)(["PRIME"], 1, seq, run)


class FarEnd:
    """Where texts go, taken only when the test says so."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()

    async def has(self, count: int) -> None:
        """So many have been sent."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(self.sent) < count:
                await asyncio.sleep(0)

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.sent.append(message)


@pytest.fixture
def far_end() -> FarEnd:
    return FarEnd()


@pytest.fixture
def near(far_end: FarEnd) -> Socket:
    return Socket(far_end.send, Seat("key", 1, "PRIME", "", clock.now()))


async def test_differences_arrive_in_order(near: Socket, far_end: FarEnd) -> None:
    far_end.reads.set()
    writing = asyncio.create_task(near.write())
    near.offer(["one", "two"])
    near.offer(["three"])
    await far_end.has(3)
    near.close(Close.RECONNECT)
    await writing
    assert [message.get("text", message.get("code")) for message in far_end.sent] == [
        "one",
        "two",
        "three",
        4001,
    ]


async def test_who_falls_behind_gets_one_snapshot_instead_of_the_queue(near: Socket, far_end: FarEnd) -> None:
    near.newest = lambda: "all of it, now"
    writing = asyncio.create_task(near.write())
    for number in range(MOST_WAITING * 3):
        near.offer([str(number)])
        await asyncio.sleep(0)
    far_end.reads.set()
    await far_end.has(2)
    near.offer(["and on"])
    await far_end.has(3)
    near.close(Close.RECONNECT)
    await writing
    texts = [message["text"] for message in far_end.sent[:-1]]
    assert texts == ["0", "all of it, now", "and on"]


async def test_who_does_not_read_at_all_is_put_out_as_too_slow(
    near: Socket, far_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "SLOW_SECONDS", 0.05)
    near.offer(["one"])
    writing = asyncio.create_task(near.write())
    async with asyncio.timeout(DEADLINE_SECONDS):
        while near._code is None:
            await asyncio.sleep(0)
    far_end.reads.set()
    await writing
    assert far_end.sent == [{"type": "websocket.close", "code": 4408}]


async def test_over_the_wire_a_page_that_stops_reading_is_closed_with_4408(
    server: Server, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "SLOW_SECONDS", 5.0)  # the quick one may be held up too
    await move(1)
    async with server.page(cookies["vic"], max_queue=1) as stuck, server.page(cookies["rita"]) as quick:
        await stuck.next("snapshot")
        await quick.next("snapshot")
        room, seq = hub().rooms["PRIME"], 1
        stuck_one = next(s for s in room.sockets if room.looks and s.seat.session_key == cookies["vic"])
        async with asyncio.timeout(DEADLINE_SECONDS):
            while stuck_one._code is None:
                seq += 1
                await move(seq, bulk=4000)
                await quick.next("changed", "snapshot", where=lambda frame, seq=seq: frame["seq"] >= seq)
        assert await stuck.closed() == 4408


async def test_a_page_that_reads_slowly_ends_with_the_newest_figures(
    server: Server, cookies: dict[str, str]
) -> None:
    await move(1)
    async with server.page(cookies["vic"], max_queue=1) as page:
        held = Held(await page.next("snapshot"))
        for seq in range(2, 120):
            await move(seq)
            if seq % 20 == 0:
                held.take(await page.next("snapshot", "changed"))
        while held.seq < 119:
            held.take(await page.next("snapshot", "changed"))
    assert held.rows["ACC-7"]["equity"] == "119.0007"
    assert len(held.rows) == BOOK


class Held:
    """What a page holds, by the rules of docs/reference/socket.md."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.take(snapshot)

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self.seq = frame["seq"]
            self.rows = {row[0]: dict(zip(frame["columns"], row, strict=True)) for row in frame["rows"]}
        elif frame["seq"] > self.seq:
            assert frame["since"] <= self.seq, "a gap"
            self.seq = frame["seq"]
            for code, row in frame["rows"].items():
                self.rows.setdefault(code, {}).update(row)
            for code in frame["removed"]:
                del self.rows[code]
