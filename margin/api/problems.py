"""Every answer that is not a success, as problem+json (RFC 9457).

Takes what a view raised; gives an answer with `type, title, status, detail, errors`. An input never ends in
a 5xx: only a fault of ours does, and that is logged here, at the door, with the request's id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions

from margin.api.output import dump
from riskdesk.errors import Refusal
from riskdesk.problems import CONTENT_TYPE, problem

log = structlog.get_logger(__name__)

MOST_ERRORS = 100
NAMES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method",
    409: "conflict",
    413: "too-large",
    414: "address-too-long",
    415: "unsupported",
    422: "key-reused",
    429: "rate",
    500: "fault",
    503: "unavailable",
}


class Problem(Exception):
    """Ends a request with this answer."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        errors: Sequence[Refusal] = (),
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail = status, name, detail
        self.errors, self.headers, self.more = tuple(errors), dict(headers or {}), more

    def body(self) -> dict[str, Any]:
        return problem(self.status, self.name, self.detail, self.errors[:MOST_ERRORS], **self.more)

    def answer(self) -> HttpResponse:
        content = dump(self.body())
        answer = HttpResponse(content, status=self.status, content_type=CONTENT_TYPE)
        answer["Cache-Control"] = "no-store"
        for header, value in self.headers.items():
            answer[header] = value
        return answer


def invalid(errors: Sequence[Refusal], **more: Any) -> Problem:
    """400 with every reason found, up to a hundred."""
    count = len(errors)
    detail = errors[0].message if count == 1 else f"{count} things are wrong; nothing was stored."
    return Problem(400, "invalid", detail, errors, **more)


def conflict(errors: Sequence[Refusal], *, name: str = "conflict", **more: Any) -> Problem:
    """409: well formed, but not as things stand."""
    detail = errors[0].message if len(errors) == 1 else f"{len(errors)} things stand against it."
    return Problem(409, name, detail, errors, **more)


AS_THINGS_STAND = frozenset(
    {
        "acknowledged_already",
        "already_acknowledged",
        "already_decided",
        "ambiguous_pocket",
        "busy",
        "call_closed",
        "call_open",
        "delivered_already",
        "extended_before",
        "insufficient_balance",
        "lifted_already",
        "moved_on",
        "moves_no_figure",
        "no_run",
        "none_waits",
        "not_a_draft",
        "not_issued",
        "nothing_changes",
        "nothing_in_force",
        "one_waits",
        "other_collateral",
        "other_instrument",
        "other_source",
        "pool_short",
        "reference_used",
        "unknown_figures",
        "withdrawable",
    }
)
"""Rules that another state of the desk would satisfy: 409. All others speak of the request itself: 400."""
NOT_THEIRS = frozenset({"not_allowed", "second_person", "own_role", "not_yours"})
"""Rules that another person would satisfy: 403."""


def refused(errors: Sequence[Refusal]) -> Problem:
    """The answer to what a step refused."""
    if any(refusal.rule in NOT_THEIRS for refusal in errors):
        return Problem(403, "forbidden", errors[0].message, errors)
    if all(refusal.rule in AS_THINGS_STAND for refusal in errors):
        return conflict(errors, name=errors[0].rule)
    return invalid(errors)


NOT_HERE = "There is no such thing here, or not for you."


def missing(*errors: Refusal) -> Problem:
    """404; `errors` names what was asked for, in the words that asked for it."""
    return Problem(404, "not-found", NOT_HERE, errors)


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The exception handler of every endpoint: nothing gets past it."""
    return problem_of(error).answer()


def problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case Http404():
            return missing()
        case PermissionDenied():
            return Problem(403, "forbidden", "You may not do this.")
        case RequestDataTooBig():
            return Problem(413, "too-large", "The body is too large.")
        case exceptions.APIException():
            return of_framework(error)
        case SuspiciousOperation():
            return Problem(400, "malformed", "The request is malformed.")
        case DataError():
            log.warning("api.refused_by_the_database", error=str(error))
            return Problem(400, "invalid", "A value does not fit what is stored.")
        case OperationalError():
            log.exception("api.unavailable")
            headers = {"Retry-After": "2"}
            return Problem(503, "unavailable", "A part of the desk does not answer.", headers=headers)
    log.error("api.fault", exc_info=error)
    return Problem(500, "fault", "Something went wrong here. It has been logged.")


def of_framework(error: exceptions.APIException) -> Problem:
    """DRF's own refusals."""
    status = error.status_code
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, int(wait + 0.999)))
    detail = error.detail if isinstance(error.detail, str) else "The request cannot be accepted."
    return Problem(status, NAMES.get(status, "invalid"), str(detail), headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is refused before any view: in JSON for programs, as a page for people."""
    if request.path.startswith("/api/"):
        return Problem(400, "malformed", "The request is malformed.").answer()
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault outside of any endpoint."""
    if request.path.startswith("/api/"):
        return Problem(500, "fault", "Something went wrong here. It has been logged.").answer()
    return defaults.server_error(request)


@csrf_exempt  # a program's write is told where it went wrong, and nothing is done here
def no_such_address(request: HttpRequest, **_: Any) -> HttpResponse:
    """For addresses under /api/ that lead nowhere."""
    slash = "" if request.path.endswith("/") else " Addresses end with a slash."
    begin = " Begin with /api/v1/accounts/; /api/docs/ shows every call."
    return Problem(404, "not-found", f"There is no such address.{slash}{begin}").answer()
