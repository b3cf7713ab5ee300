"""The gate's ASGI application, without Django's request machinery.

Takes HTTP; asks the gate; answers JSON. Every answer that is not a success is problem+json, and means: treat
the order as refused. Reads no more of a body than it takes, and ends on no input.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.db import Error as DatabaseProblem

from margin.gate.asked import MOST_ORDERS, ORDER_ID, how_many, read_batch, read_event, read_order
from margin.gate.callers import Caller, Callers, Turned
from margin.gate.events import Events
from margin.gate.keeper import Keeper
from margin.gate.service import CLOSED, Answer, Gate, said
from riskdesk.errors import Refusal
from riskdesk.problems import CONTENT_TYPE

log = structlog.get_logger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CHECK, BATCH, ORDERS = "/api/v1/orders/check/", "/api/v1/orders/check/batch/", "/api/v1/orders/"
MOST_BYTES, MOST_BATCH_BYTES = 16 * 1024, 64 * 1024 * 1024
GONE = (0, b"")
UNKNOWN = said(404, "not-found", "There is no such address.")
FAULT = said(500, "fault", "Something went wrong here. It has been logged. Treat this order as refused.")
METHOD = said(405, "method", "Orders and events are sent by POST.")
NOBODY = said(401, "unauthenticated", "Send Authorization: Bearer TOKEN, of a token that lives.")
OFTEN = said(429, "rate", "Too many tokens from this address that are not known here. Try again in a second.")
TURNED = {Turned.UNKNOWN: NOBODY, Turned.TOO_OFTEN: OFTEN}
FORBIDDEN = said(403, "forbidden", "This takes a token that may check the orders of a desk: orders:<DESK>.")


class Application:
    """One gate behind one port."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.events = Events(self.gate)
        self.callers = Callers()
        self.keeping: asyncio.Task[None] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One HTTP request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http":
            try:
                status, body = await self.answer(scope, receive)
            except Exception:  # the door: whatever it was, the process goes on and the order is refused
                log.exception("order.fault", path=scope["path"])
                status, body = FAULT
            if status:
                await reply(send, status, body)

    async def live(self, receive: Receive, send: Send) -> None:
        """Answer the server's start and stop; between them the keeper runs."""
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.startup":
                self.start()
            else:
                await self.stop()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    def start(self) -> None:
        self.keeping = asyncio.create_task(Keeper(self.gate).run())

    async def stop(self) -> None:
        if self.keeping is not None:
            self.keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self.keeping
        await self.callers.close()

    async def answer(self, scope: Message, receive: Receive) -> Answer:
        path = scope["path"]
        if path == "/healthz":
            return 200, b'{"status":"ok"}'
        if path == "/readyz":
            return (200, b'{"ready":true}') if self.gate.ready else CLOSED
        if path not in (CHECK, BATCH) and order_of(path) is None:
            return UNKNOWN
        if scope["method"] != "POST":
            return METHOD
        who = await self._who(scope)
        if not isinstance(who, Caller):
            return who
        return await self._asked(path, scope, receive, who)

    async def _who(self, scope: Message) -> Caller | Answer:
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        address = (scope.get("client") or ("",))[0]
        try:
            who = await self.callers.who(header.decode("latin-1"), address)
        except DatabaseProblem:
            return CLOSED
        if isinstance(who, Turned):
            return TURNED[who]
        return who if who.desks else FORBIDDEN

    async def _asked(self, path: str, scope: Message, receive: Receive, who: Caller) -> Answer:
        body = await read(scope, receive, MOST_BATCH_BYTES if path == BATCH else MOST_BYTES)
        if not isinstance(body, bytes):
            return body
        figures = wants_figures(scope, path)
        if not isinstance(figures, bool):
            return figures
        if path == BATCH:
            return await self._batch(body, who, figures=figures)
        if path == CHECK:
            asked = read_order(body)
            return (
                invalid(asked)
                if isinstance(asked, list)
                else await self.gate.check(asked, who, figures=figures)
            )
        told = read_event(body)
        return (
            invalid(told)
            if isinstance(told, list)
            else await self.events.tell(order_of(path) or "", told, who)
        )

    async def _batch(self, body: bytes, who: Caller, *, figures: bool) -> Answer:
        if how_many(body) > MOST_ORDERS:
            return said(413, "too-large", f"A batch has at most {MOST_ORDERS} orders.")
        orders = await asyncio.to_thread(read_batch, body)
        if orders and isinstance(orders[0], Refusal):
            return invalid([one for one in orders if isinstance(one, Refusal)])
        return await self.gate.batch(
            [one for one in orders if not isinstance(one, Refusal)], who, figures=figures
        )


def order_of(path: str) -> str | None:
    """The order whose events are told at this address."""
    if not path.startswith(ORDERS) or not path.endswith("/events/"):
        return None
    order_id = path[len(ORDERS) : -len("/events/")]
    return order_id if ORDER_ID.fullmatch(order_id) else None


def invalid(refused: list[Refusal]) -> Answer:
    count = len(refused)
    detail = refused[0].message if count == 1 else f"{count} things are wrong; nothing was decided."
    name = "malformed" if refused[0].rule in ("json", "duplicate_key") else "invalid"
    return said(400, name, detail, refused)


def wants_figures(scope: Message, path: str) -> bool | Answer:
    """`figures=false` leaves out before and after; nothing else may be asked."""
    wanted = True
    for name, value in parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True):
        if name != "figures" or path not in (CHECK, BATCH):
            return said(400, "invalid", "There is no such parameter.", [
                Refusal(name[:80], "unknown_parameter", value, "There is no such parameter.")
            ])  # fmt: skip
        if value not in ("true", "false"):
            return said(
                400, "invalid", "true or false.", [Refusal("figures", "choice", value, "true or false.")]
            )
        wanted = value == "true"
    return wanted


async def read(scope: Message, receive: Receive, most_bytes: int) -> bytes | Answer:
    """The whole body, if it is JSON and not too large; a declared length is judged before any of it."""
    headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
        return said(415, "unsupported", "Send the body as it is: compressed bodies are not inflated.")
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json":
        return said(415, "unsupported", "Send application/json.")
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit():
        return said(400, "malformed", "Content-Length is not a whole number.")
    if int(declared[:20]) > most_bytes:
        return too_large(most_bytes)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return GONE
        part = message.get("body", b"")
        size += len(part)
        if size > most_bytes:
            return too_large(most_bytes)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def too_large(most_bytes: int) -> Answer:
    return said(413, "too-large", f"The body is larger than {most_bytes} bytes.")


async def reply(send: Send, status: int, body: bytes) -> None:
    kind = b"application/json" if status == 200 else CONTENT_TYPE.encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="riskdesk"'))
    elif status == 405:
        headers.append((b"allow", b"POST"))
    elif status == 413:
        headers.append((b"connection", b"close"))
    elif status in (429, 503):
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


application = Application()
