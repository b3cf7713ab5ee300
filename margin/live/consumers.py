"""The door of a desk's socket: lets in, hands frames on by their type, sees out. Decides nothing itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings

from accounts.sessions import NoSeat, take_seat
from margin.live.acknowledge import acknowledge_alert
from margin.live.codes import NO_SEAT, Close
from margin.live.database import in_database
from margin.live.hub import hub
from margin.live.rate import Bucket
from margin.live.socket import Send, Socket
from margin.notify.events import Ack, ClientFrame, Error, Ping, Pong, View, decode, encode
from margin.notify.figures import COLUMNS
from margin.notify.push import spec_of

log = structlog.get_logger(__name__)
LIFETIME_SECONDS = 8 * 3600
MOST_STRIKES = 3
BURST_FRAMES, FRAMES_PER_SECOND = 40, 20.0
Receive = Callable[[], Awaitable[dict[str, Any]]]
NOT_TEXT = Error(status=400, rule="malformed", message="Frames are JSON texts.")


async def desk_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """One connection. A refusal accepts first, so that the browser can read its code."""
    await receive()
    await send({"type": "websocket.accept"})
    desk = scope["url_route"]["kwargs"]["desk"]
    session = scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
    seat = await in_database(take_seat)(session, desk)
    if isinstance(seat, NoSeat):
        await send({"type": "websocket.close", "code": int(NO_SEAT[seat])})
        return
    socket = Socket(send, seat)
    default = spec_of(View(), COLUMNS)
    if isinstance(default, Error) or not hub().enter(socket, default):
        socket.close(Close.TOO_MANY)
    await _attend(socket, receive)


async def _attend(socket: Socket, receive: Receive) -> None:
    """Read and write side by side until either ends."""
    end = asyncio.get_running_loop().call_later(LIFETIME_SECONDS, socket.close, Close.RECONNECT)
    sides = [asyncio.create_task(socket.write()), asyncio.create_task(_read(socket, receive))]
    try:
        await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
    finally:
        end.cancel()  # it holds the socket, and with it the figures that it showed last
        hub().leave(socket)
        for side in sides:
            side.cancel()
        for fault in await asyncio.gather(*sides, return_exceptions=True):
            if isinstance(fault, Exception):  # a door: the page connects anew, and we know why
                log.error("socket.failed", desk=socket.desk, exc_info=fault)


async def _read(socket: Socket, receive: Receive) -> None:
    bucket = Bucket(burst=BURST_FRAMES, per_second=FRAMES_PER_SECOND)
    strikes = 0
    while (event := await receive())["type"] != "websocket.disconnect":
        if not bucket.take():
            socket.close(Close.TOO_MANY)
            continue
        text = event.get("text")
        frame = NOT_TEXT if text is None else decode(text)
        refused = frame if isinstance(frame, Error) else await HANDLERS[type(frame)](socket, frame)
        if refused is not None:
            socket.reply(encode(refused))
            strikes += refused.status == NOT_TEXT.status
        if strikes >= MOST_STRIKES:
            socket.close(Close.BAD_FRAMES)


async def _view(socket: Socket, frame: View) -> Error | None:
    spec = spec_of(frame, COLUMNS)
    if isinstance(spec, Error):
        return spec
    hub().rooms[socket.desk].show(socket, spec)
    return None


async def _ack(socket: Socket, frame: Ack) -> Error | None:
    answer = await in_database(acknowledge_alert)(socket.seat, frame)
    if isinstance(answer, Error):
        return answer
    socket.reply(hub().rooms[socket.desk].alert_text(answer, ref=frame.ref))
    return None


async def _ping(socket: Socket, frame: Ping) -> Error | None:
    socket.reply(encode(Pong(ref=frame.ref)))
    return None


HANDLERS: dict[type[ClientFrame], Callable[[Socket, Any], Awaitable[Error | None]]] = {
    View: _view,
    Ack: _ack,
    Ping: _ping,
}
