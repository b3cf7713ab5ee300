"""The process's one ear on the channel layer.

Takes the groups to listen to; gives every message to one function, and says when the layer came back
after a silence. Sends itself a beat through Valkey: what it does not hear back, nobody hears. Never
raises a layer fault.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog
from channels.layers import DEFAULT_CHANNEL_LAYER, channel_layers

from riskdesk import clock
from riskdesk.broker import LAYER_FAULTS

log = structlog.get_logger(__name__)
BEAT_SECONDS = 3.0
SILENCE_SECONDS = 8.0
ANSWER_SECONDS = 3.0
RETRY_SECONDS = 1.0
Message = dict[str, Any]


class Ear:
    """One channel of this process, in as many groups as it has desks in use."""

    def __init__(self, *, heard: Callable[[Message], None], returned: Callable[[], None]) -> None:
        self._heard, self._returned = heard, returned
        self._groups: set[str] = set()
        # A layer of our own, so that throwing its connections away disturbs nobody else.
        self._layer = channel_layers.make_backend(DEFAULT_CHANNEL_LAYER)
        self._channel: str | None = None
        self._last_heard = 0.0

    async def listen_to(self, group: str) -> None:
        self._groups.add(group)
        if self._channel is not None:
            await _quietly(self._layer.group_add(group, self._channel))

    async def forget(self, group: str) -> None:
        self._groups.discard(group)
        if self._channel is not None:
            await _quietly(self._layer.group_discard(group, self._channel))

    async def run(self) -> None:
        """Subscribe, listen, and begin anew whenever the layer falls silent."""
        while True:
            try:
                await self._listen(await self._subscribe())
            except LAYER_FAULTS as error:
                log.warning("layer.lost", error=repr(error)[:200])
            except Exception:  # a door: one message's fault must not deafen the process for good
                log.exception("ear.failed")
            finally:
                self._channel = None
                await _quietly(self._layer.flush())
            await asyncio.sleep(RETRY_SECONDS)

    async def _subscribe(self) -> str:
        channel: str = await _answered(self._layer.new_channel())
        for group in sorted(self._groups):
            await _answered(self._layer.group_add(group, channel))
        return channel

    async def _listen(self, channel: str) -> None:
        self._channel = channel
        self._last_heard = clock.monotonic_seconds()
        self._returned()
        receiving = asyncio.create_task(self._receive(channel))
        try:
            while clock.monotonic_seconds() - self._last_heard < SILENCE_SECONDS:
                await _answered(self._layer.send(channel, {"type": "beat"}))
                await asyncio.wait([receiving], timeout=BEAT_SECONDS)
                if receiving.done():
                    receiving.result()
            raise TimeoutError("our own beats do not come back")
        finally:
            try:
                await _quietly(self._layer.flush())  # before the cancel: it would try to unsubscribe
            finally:
                receiving.cancel()

    async def _receive(self, channel: str) -> None:
        while True:
            message: Message = await self._layer.receive(channel)
            self._last_heard = clock.monotonic_seconds()
            self._heard(message)


async def _answered(deed: Coroutine[Any, Any, Any]) -> Any:
    """A word with the layer, bounded in time.

    In a task of its own: on the way down, channels and redis may swallow a cancel, and one that was meant for
    us would be lost with it.
    """
    task = asyncio.create_task(deed)
    await asyncio.wait([task], timeout=ANSWER_SECONDS)
    if not task.done():
        task.cancel()
        raise TimeoutError("the layer does not answer")
    return task.result()


async def _quietly(deed: Coroutine[Any, Any, Any]) -> None:
    with suppress(*LAYER_FAULTS):
        await _answered(deed)
