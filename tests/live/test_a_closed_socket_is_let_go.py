"""Whoever has left leaves nothing behind: an ended socket is not kept, nor the figures that it showed."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from accounts.sessions import Seat
from margin.live import consumers
from margin.live.socket import Socket
from riskdesk import clock
from tests.live.desk import NoHub


async def test_a_socket_that_has_ended_is_kept_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "websocket.disconnect"}

    async def send(message: dict[str, Any]) -> None: ...

    monkeypatch.setattr(consumers, "hub", NoHub)
    socket = Socket(send, Seat("key", 1, "PRIME", "", clock.now()))
    remembered = weakref.ref(socket)
    await consumers._attend(socket, gone)
    del socket
    await asyncio.sleep(0)
    gc.collect()
    assert remembered() is None
