"""No request body is read beyond what the desk takes from anybody.

Takes an ASGI application and the most bytes of a body; gives one that answers 413 in its place. A length that
is declared is judged before a byte is read, any other while it comes: Django under ASGI reads a body whole
before it looks at anything. The connection ends with the answer, so that nobody waits for the rest.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from riskdesk.problems import CONTENT_TYPE, problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

TOO_LARGE = 413
HEADERS = [
    (b"content-type", CONTENT_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"connection", b"close"),
]
log = structlog.get_logger(__name__)


def bounded(inner: Application, *, most_bytes: int) -> Application:
    """The application behind the bound."""

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        taken = _declared(scope)

        async def counted() -> Message:
            """Past the bound the application hears that the caller has gone, and puts away what it has."""
            nonlocal taken
            if taken > most_bytes:
                return {"type": "http.disconnect"}
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= most_bytes else {"type": "http.disconnect"}

        if taken <= most_bytes:
            taken = 0  # from here on what comes counts, not what was said
            await inner(scope, counted, send)
        if taken > most_bytes:
            await _refuse(scope, send, most_bytes)

    return guarded


def _declared(scope: Message) -> int:
    """0 where there is no length or nonsense, which is counted instead."""
    text = dict(scope["headers"]).get(b"content-length", b"")
    return int(text[:20]) if text.isdigit() else 0


async def _refuse(scope: Message, send: Send, most_bytes: int) -> None:
    log.warning("request.too_large", path=scope["path"], most_bytes=most_bytes)
    said = problem(TOO_LARGE, "too-large", f"The body is larger than {most_bytes} bytes.")
    await send({"type": "http.response.start", "status": TOO_LARGE, "headers": HEADERS})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})
