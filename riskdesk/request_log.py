"""What the line about a request says: method and path without its query, how long, from where.

Takes django-structlog's signals; adds to the line it is about to write, and gives the caller the request's
id to quote. A query may hold anything a person typed, and a path the key of a password reset: neither is
written.
"""

import re
import time
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_structlog import signals

KEYS_IN_PATHS = re.compile(r"(/(?:key|confirm-email)/)[^/]+")
LONGEST_PATH = 300
HEADER = "X-Request-ID"


def connect() -> None:
    signals.bind_extra_request_metadata.connect(started)
    signals.bind_extra_request_finished_metadata.connect(finished)
    signals.bind_extra_request_failed_metadata.connect(failed)
    signals.update_failure_response.connect(quote_id)


def started(request: HttpRequest, log_kwargs: dict[str, Any], **_: Any) -> None:
    request.__dict__["_log_started"] = time.monotonic()
    log_kwargs.update(request=_deed(request))
    structlog.contextvars.bind_contextvars(ip=client_address(request))


def finished(request: HttpRequest, response: HttpResponse, log_kwargs: dict[str, Any], **_: Any) -> None:
    log_kwargs.update(request=_deed(request), milliseconds=_milliseconds(request))
    quote_id(response)


def failed(request: HttpRequest, log_kwargs: dict[str, Any], **_: Any) -> None:
    log_kwargs.update(request=_deed(request), milliseconds=_milliseconds(request))


def quote_id(response: HttpResponse, **_: Any) -> None:
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        response[HEADER] = request_id


def client_address(request: HttpRequest) -> str:
    """As told by the outermost proxy we trust; without one, the peer. Addresses further left may be lies."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.ENV.trusted_proxies
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return told[-proxies] if 0 < proxies <= len(told) else peer


def _deed(request: HttpRequest) -> str:
    path = KEYS_IN_PATHS.sub(r"\1***", request.path)
    return f"{request.method} {path[:LONGEST_PATH]}"


def _milliseconds(request: HttpRequest) -> float | None:
    started = getattr(request, "_log_started", None)
    return None if started is None else round((time.monotonic() - started) * 1000, 1)
