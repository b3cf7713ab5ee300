"""Lists a page at a time: `{"results": [...], "next": address or null}`.

Takes rows in a fixed order; gives one page and a sealed cursor to the next. A cursor names the last row seen,
not a count, so rows that come and go in between are neither shown twice nor left out.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.core import signing
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from margin.api.composed import Maybe
from margin.api.endpoint import answer
from margin.api.problems import invalid
from margin.api.shapes import Kind, Schema, Text, WholeText
from riskdesk.errors import Refusal

Row = TypeVar("Row", bound=Model)
MOST_ROWS, USUAL_ROWS = 500, 100
PAGING: dict[str, Kind[Any]] = {
    "cursor": Maybe(Text(most=1000)),
    "page_size": Maybe(WholeText(least=1, most=MOST_ROWS), USUAL_ROWS),
}


def read_cursor(request: Request, cursor: str | None) -> Any:
    """What the cursor says, or None for the first page."""
    if cursor is None:
        return None
    try:
        return signing.loads(cursor, salt=request.path)
    except signing.BadSignature:
        says = "This cursor is not one we gave for this list."
        raise invalid([Refusal("cursor", "cursor", cursor, says)]) from None


def page(request: Request, rows: Iterable[Any], *, last: Any | None) -> HttpResponse:
    """One page; `last` is what the next one begins after."""
    following = None
    if last is not None:
        query = {**request.query_params.dict(), "cursor": signing.dumps(last, salt=request.path)}
        following = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
    return answer({"results": list(rows), "next": following})


def newest_first(
    request: Request, query: Any, rows: "QuerySet[Row]", show: Callable[[Row], dict[str, Any]]
) -> HttpResponse:
    """Rows of a table by falling id."""
    after = read_cursor(request, query["cursor"])
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-pk")[: query["page_size"] + 1])
    more = len(found) > query["page_size"]
    found = found[: query["page_size"]]
    return page(request, map(show, found), last=found[-1].pk if more else None)


def in_order(
    request: Request,
    query: Any,
    rows: Sequence[dict[str, Any]],
    *,
    key: Callable[[dict[str, Any]], tuple[Any, ...]],
    kinds: Sequence[Callable[[str], Any]],
    show: Callable[[dict[str, Any]], dict[str, Any]],
) -> HttpResponse:
    """Rows already in order, by a key that no two share; `kinds` make its parts again from text."""
    cursor = read_cursor(request, query["cursor"])
    after = cursor and tuple(kind(part) for kind, part in zip(kinds, cursor, strict=True))
    first = 0 if after is None else bisect_right(rows, after, key=key)
    found = rows[first : first + query["page_size"]]
    more = first + len(found) < len(rows)
    last = [str(part) for part in key(found[-1])] if found and more else None
    return page(request, map(show, found), last=last)


def listed(of: Schema) -> Schema:
    """The schema of a list of these."""
    return {
        "type": "object",
        "required": ["results", "next"],
        "properties": {
            "results": {"type": "array", "items": of},
            "next": {"type": "string", "format": "uri", "nullable": True},
        },
    }
