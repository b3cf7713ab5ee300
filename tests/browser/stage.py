"""A desk for browsers: the project's own server in a thread, runs written as a cycle would leave them.

The browser's driver holds an event loop in the test's thread; what touches the database or the channel layer
goes through `Stage.aside`.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
from django.db import connections

from margin.book.frame import write_frame
from margin.models import Alert, Run
from margin.notify.hints import send_hints
from riskdesk import clock
from tests.conftest import Cast
from tests.pages.frames import frame

Answer = TypeVar("Answer")
START_SECONDS = 90.0


class Stage:
    """One desk, PRIME, whose runs the test writes."""

    def __init__(self, base: str, cast: Cast) -> None:
        self.base = base
        self.cast = cast
        self.seq = 0
        self._pool = ThreadPoolExecutor(max_workers=1)

    def aside(self, do: Callable[..., Answer], *args: Any, **options: Any) -> Answer:
        """In a thread without an event loop."""
        return self._pool.submit(do, *args, **options).result(timeout=START_SECONDS)

    def run(self, accounts: list[dict[str, Any]], positions: list[dict[str, Any]] | None = None) -> None:
        """What a committed run leaves behind, and the hint that says so."""
        self.seq += 1
        self.aside(self._write, frame(accounts, positions, seq=self.seq))

    def _write(self, written: Any) -> None:
        write_frame(written)
        now = clock.now()
        Run.objects.create(
            id=written.run,
            shard_id=1,
            seq=written.seq,
            state=Run.State.COMMITTED,
            trigger="prices",
            started_at=now,
            committed_at=now,
            at=now,
            engine_version="test",
            partials=written.desks,
        )
        send_hints(["PRIME"], 1, written.seq, written.run)

    def alert(self, title: str, **fields: Any) -> Alert:
        """An alert as enforcing would raise it; the next run's hint carries it out."""
        return self.aside(self._raise, title, fields)

    def _raise(self, title: str, fields: dict[str, Any]) -> Alert:
        values: dict[str, Any] = {
            "desk": self.cast.prime,
            "reason": "breach_opened",
            "severity": "critical",
            "title": title,
            "text": "Leverage 10.40 against a cap of 10 (client ACME).",
            "key": f"test:{title}",
            "raised_at": clock.now(),
        }
        return Alert.objects.create(**(values | fields))

    def close(self) -> None:
        self._pool.submit(connections.close_all).result(timeout=START_SECONDS)
        self._pool.shutdown()


@contextmanager
def serving() -> Iterator[str]:
    """The ASGI application under uvicorn, in a thread with a loop of its own. Gives its address."""
    from margin.live.hub import hub
    from riskdesk.asgi import application

    options: dict[str, Any] = {"ws": "websockets-sansio", "lifespan": "off", "log_config": None}
    config = uvicorn.Config(application, host="127.0.0.1", port=0, timeout_graceful_shutdown=1, **options)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    started = threading.Event()

    async def serve() -> None:
        task = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        started.set()
        await task
        await hub().stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not started.wait(START_SECONDS):
        raise TimeoutError("the server did not start")
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
