"""One open socket: what waits for it, and the one task that writes to it.

Takes texts that others encoded; gives them to the server in order. News waits in a short slot: a reader
that falls behind loses the differences and gets the newest snapshot instead; one that does not read at
all is closed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from accounts.sessions import Seat
from margin.live.codes import Close

Send = Callable[[dict[str, Any]], Awaitable[None]]
MOST_WAITING = 16
SLOW_SECONDS = 10.0
FAREWELL_SECONDS = 30.0
GONE = (OSError, RuntimeError)


class Socket:
    """The writing side of a connection. All methods but `write` return at once and never block."""

    def __init__(self, send: Send, seat: Seat) -> None:
        self.seat, self.desk = seat, seat.desk_code
        self.newest: Callable[[], str] | None = None
        self._send = send
        self._news: deque[str] = deque()
        self._replies: deque[str] = deque()
        self._behind = False
        self._code: Close | None = None
        self._wake = asyncio.Event()

    def offer(self, texts: Iterable[str]) -> None:
        """Differences, in order. Whoever has not read the earlier ones gets a snapshot instead of a queue."""
        if self._behind:
            return
        self._news.extend(texts)
        if len(self._news) > MOST_WAITING:
            self.offer_snapshot()
        self._wake.set()

    def offer_snapshot(self) -> None:
        """All of the view, as it is when the reader gets to it."""
        self._news.clear()
        self._behind = True
        self._wake.set()

    def offer_beat(self, text: str) -> None:
        """A beat says the way is alive: needless where news is on the way."""
        if not self._news and not self._behind:
            self.offer([text])

    def reply(self, text: str) -> None:
        """An answer to the page's own frame. Bounded by the rate at which frames may come in."""
        self._replies.append(text)
        self._wake.set()

    def close(self, code: Close) -> None:
        """The first reason wins; nothing more is sent."""
        if self._code is None:
            self._code = code
        self._wake.set()

    async def write(self) -> None:
        """Until closed: send what waits. Returns after the close frame, or when the reader is given up."""
        with suppress(*GONE):
            try:
                while self._code is None:
                    await self._wake.wait()
                    self._wake.clear()
                    await self._write_waiting()
            except TimeoutError:
                self.close(Close.TOO_SLOW)
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._send({"type": "websocket.close", "code": int(self._code or Close.TOO_SLOW)})

    async def _write_waiting(self) -> None:
        while self._code is None and (text := self._next()) is not None:
            async with asyncio.timeout(SLOW_SECONDS):
                await self._send({"type": "websocket.send", "text": text})

    def _next(self) -> str | None:
        if self._replies:
            return self._replies.popleft()
        if self._behind and self.newest is not None:
            self._behind = False
            return self.newest()
        return self._news.popleft() if self._news else None
