"""A fault while a page speaks, or while the hub hears, stands in the log and ends nothing but itself."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from accounts.sessions import Seat
from margin.live import consumers, ear
from margin.live.ear import Ear
from margin.live.socket import Socket
from margin.notify.events import Ack, encode
from riskdesk import clock
from tests.live.desk import DEADLINE_SECONDS, NoHub


class Boom(Exception):
    """Nobody expects it."""


async def test_a_fault_in_answering_a_page_stands_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    async def faulty(socket: Socket, frame: Ack) -> None:
        raise Boom

    async def says() -> dict[str, Any]:
        return {"type": "websocket.receive", "text": encode(Ack(alert=1))}

    async def send(message: dict[str, Any]) -> None: ...

    monkeypatch.setattr(consumers, "hub", NoHub)
    monkeypatch.setitem(consumers.HANDLERS, Ack, faulty)
    with capture_logs() as lines:
        await consumers._attend(Socket(send, Seat("key", 1, "PRIME", "", clock.now())), says)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["socket.failed"]


async def test_an_ear_goes_on_hearing_after_a_fault_in_who_heard(
    data_folder: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear, "RETRY_SECONDS", 0.01)
    heard = asyncio.Event()
    before: list[object] = []

    def hear(message: object) -> None:
        before.append(message)
        if len(before) == 1:
            raise Boom
        heard.set()

    with capture_logs() as lines:
        running = asyncio.create_task(Ear(heard=hear, returned=lambda: None).run())
        both = [running, asyncio.create_task(heard.wait())]
        await asyncio.wait(both, timeout=DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        assert heard.is_set()
        for task in both:
            task.cancel()
        await asyncio.wait(both, timeout=DEADLINE_SECONDS)
    assert "ear.failed" in [line["event"] for line in lines]
