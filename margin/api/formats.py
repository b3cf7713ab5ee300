"""JSON in, strictly, and JSON out.

Takes the bytes of a request; gives plain Python values in which every number that is not a short whole one
is a `JsonNumber`, so that no money ever passes through a float. Never guesses an encoding, never inflates,
never keeps the second of two equal keys.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any

from django.http.request import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from margin.api.output import dump
from margin.api.problems import Problem
from riskdesk.errors import Refusal

MOST_BYTES = 2 * 1024 * 1024
MOST_DIGITS_OF_A_WHOLE_NUMBER = 18
MOST_FORM_FIELDS = 1000
BOM = b"\xef\xbb\xbf"
ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class JsonNumber:
    """A number as it was written: kept as text, for no field of ours takes one."""

    text: str


def bad_json(rule: str, message: str, *, field: str = "", value: str = "") -> Problem:
    return Problem(
        400, "malformed", "The body is not the JSON we take.", [Refusal(field, rule, value, message)]
    )


def check_headers(request: HttpRequest) -> None:
    """Refuse a body by what its headers say, before a byte is read."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise Problem(415, "unsupported", "Send the body as it is: compressed bodies are not inflated.")
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isascii() or not declared.isdigit():
        raise Problem(400, "malformed", "Content-Length is not a whole number.")
    if int(declared[:20]) > MOST_BYTES:
        raise too_large()
    kind = media_type(request)
    if kind.get_content_type() != "application/json":
        raise unsupported(request, kind)
    charset = kind.get_param("charset", "utf-8")
    if str(charset).lower().replace("_", "-") not in {"utf-8", "utf8"}:
        raise Problem(415, "unsupported", "JSON is sent in UTF-8.")


def media_type(request: HttpRequest) -> Message:
    """The parsed Content-Type; without one the type is octets, which nothing here takes."""
    parsed = Message()
    raw = request.META.get("CONTENT_TYPE") or "application/octet-stream"
    parsed["Content-Type"] = re.sub(r"[\x00-\x1f\x7f-\xff]", "?", raw[:200])
    return parsed


def unsupported(request: HttpRequest, kind: Message) -> Problem:
    """415, or 400 for a form that is broken as a form."""
    if kind.get_content_type() == "multipart/form-data" and not kind.get_param("boundary"):
        return Problem(400, "malformed", "A multipart body without a boundary. Send application/json.")
    form = kind.get_content_type() == "application/x-www-form-urlencoded"
    if form and read(request).count(b"&") >= MOST_FORM_FIELDS:
        return Problem(400, "malformed", "Too many form fields. Send application/json.")
    return Problem(415, "unsupported", "Send application/json.")


def too_large() -> Problem:
    return Problem(413, "too-large", f"The body is larger than {MOST_BYTES} bytes.")


def read(stream: IO[bytes] | HttpRequest) -> bytes:
    raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise too_large()
    return raw


def load(raw: bytes) -> Any:
    """The value that the bytes say, or a `Problem`."""
    if raw.startswith(BOM):
        raise bad_json("byte_order_mark", "The body starts with a byte order mark: leave it out.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_json("utf_8", f"Byte {error.start} is not UTF-8.") from None
    try:
        value = DECODER.decode(text)
    except RecursionError:
        raise bad_json("depth", "The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise bad_json("json", f"{error.msg} in line {error.lineno}, column {error.colno}.") from None
    if ESCAPED_SURROGATE.search(text):
        refuse_lone_surrogates(value)
    return value


def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in items:
        if key in found:
            shown = key.encode("utf-8", "replace").decode()
            raise bad_json("duplicate_key", "The same key stands twice in one object.", field=shown[:80])
        found[key] = value
    return found


def whole(text: str) -> int | JsonNumber:
    return int(text) if len(text) <= MOST_DIGITS_OF_A_WHOLE_NUMBER else JsonNumber(text)


def constant(text: str) -> Any:
    raise bad_json("finite", f"{text} is not a number that can be used.", value=text)


DECODER = json.JSONDecoder(
    object_pairs_hook=pairs, parse_float=JsonNumber, parse_int=whole, parse_constant=constant
)


def refuse_lone_surrogates(value: object) -> None:
    """Half a character pair is no text. Walks without recursion, whatever the depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if not one.isascii() and any("\ud800" <= letter <= "\udfff" for letter in one):
                raise bad_json("unicode", "A text holds half of a surrogate pair.")
        elif isinstance(one, dict):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


class StrictJSONParser(BaseParser):
    """DRF's way in. Doors call `read_json`, which also sees bodies that came in chunks."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return load(read(stream))


def read_json(request: Request, *, blank: Any = None) -> Any:
    """The body of a write. No body is `blank`, where that is given, and otherwise refused."""
    plain_request: HttpRequest = request._request
    if is_empty(plain_request):
        if blank is None:
            raise bad_json("json", "There is no body.")
        return blank
    check_headers(plain_request)
    return load(read(plain_request))


def is_empty(request: HttpRequest) -> bool:
    """Neither a length nor a type: a bare POST."""
    return request.META.get("CONTENT_LENGTH") in {None, "", "0"} and not request.META.get("CONTENT_TYPE")


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dump(data)


class JsonAlways(BaseContentNegotiation):
    """There is one format, whatever Accept says."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type
