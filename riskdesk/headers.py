"""Headers every answer carries beside the content policy: nothing is stored, nothing is lent out.

Takes an answer; adds what its view left open. Static files are answered before this and may be cached.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase]
AnswerLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

NOT_NEEDED = ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb")
HEADERS = {
    "Cache-Control": "no-store",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in NOT_NEEDED),
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOGOUT_PATH = "/accounts/logout/"


@sync_and_async_middleware
def add_headers(get_response: Answer | AnswerLater) -> Answer | AnswerLater:
    if iscoroutinefunction(get_response):
        later = cast(AnswerLater, get_response)

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return complete(request, await later(request))

        return answer_later
    now = cast(Answer, get_response)

    def answer(request: HttpRequest) -> HttpResponseBase:
        return complete(request, now(request))

    return answer


def complete(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.method == "POST" and request.path == LOGOUT_PATH:
        response.headers["Clear-Site-Data"] = (
            '"cache"'  # a shared screen keeps nothing behind the back button
        )
    return response
