"""Ten wrong passwords for one name from one address close that door for a quarter of an hour."""

from collections.abc import Mapping
from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from riskdesk.problems import CONTENT_TYPE, problem


def name_of(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The name that was tried, as one and the same however it was typed."""
    tried = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(tried).strip().casefold()[:150]


def answer(
    request: HttpRequest, response: HttpResponse | None, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """429, when to come back, and the same words whether there is such a person or not."""
    wait = get_cool_off(request)
    seconds = int(wait.total_seconds()) if wait else 0
    minutes = -(-seconds // 60)
    if "text/html" in request.headers.get("Accept", "text/html"):
        page: HttpResponse = render(request, "account/locked_out.html", {"minutes": minutes}, status=429)
    else:
        said = f"Too many wrong passwords. Try again in {minutes} minutes."
        page = JsonResponse(problem(429, "locked-out", said), status=429, content_type=CONTENT_TYPE)
    page["Retry-After"] = str(seconds)
    return page
