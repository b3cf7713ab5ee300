"""The gate's ASGI application, without Django's request machinery.

It holds no book yet, so it fails closed: every check is answered 503, and a platform that asks must treat the
order as refused. `/healthz` says that the process lives.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from riskdesk.problems import CONTENT_TYPE, problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CLOSED = problem(
    503,
    "no-book",
    "The gate holds no book, so no order can be checked here yet: treat this order as refused.",
)
UNKNOWN = problem(404, "not-found", "There is no such address.")


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """One HTTP request, or the server's start and stop."""
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "http":
        status, body = answer(scope["path"])
        kind = b"application/json" if status == 200 else CONTENT_TYPE.encode()
        headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})


def answer(path: str) -> tuple[int, dict[str, Any]]:
    """What the gate says at an address."""
    if path == "/healthz":
        return 200, {"status": "ok"}
    return (503, CLOSED) if path.startswith("/api/v1/orders/") else (404, UNKNOWN)


async def live(receive: Receive, send: Send) -> None:
    """Answer the server's start and stop."""
    while True:
        said = await receive()
        await send({"type": f"{said['type']}.complete"})
        if said["type"] == "lifespan.shutdown":
            return
