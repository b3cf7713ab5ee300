"""Probes ask as nobody, whichever browser they come from.

Takes a request for one of their addresses; takes its cookies away. A session would be looked up in the
database, whose absence is just what /readyz has to tell.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase]
AnswerLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

PROBES = ("/healthz", "/readyz")


@sync_and_async_middleware
def ask_as_nobody(get_response: Answer | AnswerLater) -> Answer | AnswerLater:
    if iscoroutinefunction(get_response):
        later = cast(AnswerLater, get_response)

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return await later(as_nobody(request))

        return answer_later
    now = cast(Answer, get_response)

    def answer(request: HttpRequest) -> HttpResponseBase:
        return now(as_nobody(request))

    return answer


def as_nobody(request: HttpRequest) -> HttpRequest:
    if request.path in PROBES:
        request.COOKIES.clear()
    return request
