"""The OpenAPI side of an endpoint: what goes in, what comes out, which problems there can be.

Takes the shapes that also read the requests; gives the decorator drf-spectacular understands. Describes,
never decides.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from margin.api.authentication import SessionAuthentication, TokenAuthentication
from margin.api.composed import Maybe
from margin.api.shapes import Kind, Schema
from riskdesk.problems import CONTENT_TYPE, TITLES

PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "rule", "value", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "rule", "value", "message")},
            },
        },
    },
}
ALWAYS = (400, 401, 404, 405, 414, 429, 503)
WRITES = (403, 409, 413, 415, 422)
REPEATABLE = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
    OpenApiParameter.HEADER,
    description="Send the same key with the same body again and get the first answer again, for 24 hours.",
)


def texts(*names: str) -> Mapping[str, Schema]:
    return {name: {"type": "string"} for name in names}


def blanks(*names: str) -> Mapping[str, Schema]:
    """Texts that may be null."""
    return {name: {"type": "string", "nullable": True} for name in names}


def record(fields: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(fields), "required": list(fields)}


class BearerScheme(OpenApiAuthenticationExtension):
    """How the page of the docs names a token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    """How it names a signed-in browser."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def described(
    name: str,
    summary: str,
    gives: Schema,
    *,
    takes: Kind[Any] | None = None,
    parameters: Mapping[str, Kind[Any]] | None = None,
    status: int = 200,
    tag: str,
) -> Callable[[Any], Any]:
    """Say what one method of an endpoint takes and gives."""
    asked = [
        OpenApiParameter(known, kind.schema(), OpenApiParameter.QUERY, required=not isinstance(kind, Maybe))
        for known, kind in (parameters or {}).items()
    ]
    problems = (*ALWAYS, *(WRITES if takes else ()))
    responses: dict[Any, Any] = {(status, "application/json"): OpenApiResponse(gives, "Done")}
    for code in problems:
        responses[(code, CONTENT_TYPE)] = OpenApiResponse(PROBLEM, TITLES[code])
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=[tag],
        parameters=[*asked, *([REPEATABLE] if takes else [])],
        request={"application/json": takes.schema()} if takes else None,
        responses=responses,
    )
