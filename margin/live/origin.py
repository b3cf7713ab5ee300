"""Only the site's own pages open sockets: a browser sends our cookie along from any page, so the page is
asked.

Takes a WebSocket opening; passes it on if its Origin is this very host (port included) or a trusted one,
by the rule Django keeps for forms. Anything else, or none, is refused with 403 before the connection
stands.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def own_pages_only(inner: Application) -> Application:
    """The application behind the question of origin."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if is_own(origin=headers.get(b"origin", ""), host=headers.get(b"host", "")):
            await inner(scope, receive, send)
        else:
            await refuse(scope, receive, send)

    return guarded


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """403, before any connection stands."""
    await receive()
    await send({"type": "websocket.close"})


def is_own(*, origin: str, host: str) -> bool:
    """Whether a page of `origin` belongs to the site served as `host`."""
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme = "https" if settings.SESSION_COOKIE_SECURE else "http"
    return origin.lower() == f"{scheme}://{host.lower()}" and bool(urlsplit(origin).hostname)
