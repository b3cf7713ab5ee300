"""The beginning and the end of a web process, as its server announces them.

Takes ASGI's lifespan messages; sets up what only a serving process has (tests that import the application
have not), and gives the connections back at the end.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asgiref.sync import sync_to_async

from riskdesk.start import serve_pages, stop_serving

Message = MutableMapping[str, Any]


async def lifespan(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    while True:
        kind = (await receive())["type"]
        if kind == "lifespan.startup":
            serve_pages()
        else:
            await sync_to_async(stop_serving, thread_sensitive=False)()
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
