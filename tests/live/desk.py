"""A desk seen through sockets: frames as a run would write them, a real server, a real client."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from django.conf import settings
from django.test import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from accounts.models import User
from accounts.sessions import open_session
from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS, Frame, ShownPrice, columns_of, write_frame

DEADLINE_SECONDS = 90.0  # of a machine that does much else; a healthy one needs one or two
LEVELS = ("normal", "watch", "at_risk", "danger", "margin_call", "liquidation", "unknown")


def account(code: str, **figures: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(ACCOUNT_COLUMNS)
    row |= {"account": code, "name": code, "client": code.partition("-")[0], "desk": "PRIME", "mode": "cross"}
    row |= {"level": "normal", "equity": "100.00", "utilisation": "0.5", "distance": "0.2", "currency": "USD"}
    return row | figures


def write_run(
    seq: int, rows: list[dict[str, Any]], *, shard: int = 1, mark: str = "60000", **sums: str | int
) -> str:
    """What a committed run leaves behind; gives its id."""
    run = f"00000000-0000-4000-8000-{shard:04d}{seq:08d}"
    money = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")
    desks = {}
    for desk in {row["desk"] for row in rows} | {"PRIME"}:
        own = [row for row in rows if row["desk"] == desk]
        desks[desk] = {
            "currency": "USD",
            "clients": len({row["client"] for row in own}),
            "accounts": len(own),
            "positions": 0,
            "unknown": 0,
            "levels": {level: sum(row["level"] == level for row in own) for level in LEVELS},
            "oldest_price": None,
            **dict.fromkeys(money, "100.00") | sums,
        }
    frame = Frame(
        run=run,
        shard=shard,
        seq=seq,
        at=f"2026-03-02T12:00:{seq % 60:02d}+00:00",
        engine_version="test",
        prices={"BTC-PERP": ShownPrice(mark=mark, state="fresh")},
        desks=desks,
        accounts=columns_of(ACCOUNT_COLUMNS, rows),
        positions=columns_of(POSITION_COLUMNS, []),
    )
    assert write_frame(frame)
    return run


def cookie_of(person: User) -> str:
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session = browser.session
    open_session(session)
    session.save()
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def own_layer(layers: dict[str, Any]) -> dict[str, Any]:
    """The channel layer under a name of its own: tests side by side hear only their own."""
    layer = layers["default"]
    return {"default": {**layer, "CONFIG": {**layer["CONFIG"], "prefix": uuid.uuid4().hex}}}


class NoHub:
    """Instead of the process's hub, where nobody looks at figures."""

    def leave(self, socket: object) -> None: ...


class Page:
    """A browser tab's end of a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def next(
        self, *types: str, where: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """The next frame of one of these types that fits; others are passed over."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.recv())
                self.seen.append(frame)
                if frame["type"] in types and where(frame):
                    return frame

    async def say(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def closed(self) -> int:
        """The code it is closed with; whatever comes before is read and kept."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    self.seen.append(json.loads(await self.socket.recv()))
        return self.socket.close_code or 0


class Server:
    """The project's own ASGI application under uvicorn, as the desk runs it."""

    def __init__(self, port: int) -> None:
        self.port = port

    @asynccontextmanager
    async def page(
        self, cookie: str | None, desk: str = "PRIME", *, origin: str | None = "own", **options: Any
    ) -> AsyncIterator[Page]:
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"} if cookie else {}
        own = f"http://127.0.0.1:{self.port}"
        async with connect(
            f"ws://127.0.0.1:{self.port}/ws/desk/{desk}/",
            origin=own if origin == "own" else origin,  # type: ignore[arg-type]
            additional_headers=headers,
            compression=None,
            max_size=None,
            open_timeout=DEADLINE_SECONDS,
            **options,
        ) as socket:
            yield Page(socket)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    from margin.live.hub import hub
    from riskdesk.asgi import application

    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        ws="websockets-sansio",
        ws_max_size=65536,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield Server(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await task
        await hub().stop()
