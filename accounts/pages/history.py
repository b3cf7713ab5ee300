"""Who changed what in the admin, for the history that the database's triggers write.

Only there: elsewhere rows are versions or events, which are their own history; and the library tells the
database by putting words into every statement, which bulk writes cannot bear.
"""

from collections.abc import Callable

import pghistory
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import get_contextvars

ADMIN = "/admin/"


class AdminHistory:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not request.path.startswith(ADMIN):
            return self.get_response(request)
        request_id = str(get_contextvars().get("request_id", ""))
        with pghistory.context(user=request.user.pk, url=request.path, request_id=request_id):
            return self.get_response(request)
