"""A long list on a page: tabs with their counts, a page of rows, and the addresses of its neighbours.

Takes rows already cut down to what was asked, and the tabs; gives what the template shows. Knows no noun.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Count, Model, Q, QuerySet

from margin.pages.asked import Asked

A_PAGE = 40
PLACE = ("before", "after")
"""Where in the address a page's place stands: below which number, and after which time."""
Tabs = Mapping[str, tuple[str, Q]]
"""By name: the word on it, and which rows it shows."""
NEWEST_FIRST: Mapping[str, str] = {}


def listed(
    rows: "QuerySet[Any]",
    asked: Asked,
    tabs: Tabs,
    *,
    usual: Callable[[Mapping[str, int]], str],
    by_time: Mapping[str, str] = NEWEST_FIRST,
) -> dict[str, Any]:
    """`usual` says by the counts which tab opens where none is asked for; `by_time` names tabs in the order
    of a time, earliest first. The others stand newest first, as those of one time do."""
    counts = rows.aggregate(**{name: Count("pk", filter=where) for name, (_, where) in tabs.items()})
    shown = asked.choice("show", tabs, usual(counts))
    time = by_time.get(shown, "")
    begins = _after(asked, time)
    order = [time, "-pk"] if time else ["-pk"]
    found: list[Model] = list(rows.filter(tabs[shown][1], begins).order_by(*order)[: A_PAGE + 1])
    first = dict.fromkeys(PLACE)
    return {
        "asked": asked,
        "rows": found[:A_PAGE],
        "shown": shown,
        "tabs": [
            (name, word, asked.link(show=name, **first), counts[name]) for name, (word, _) in tabs.items()
        ],
        "older": asked.link(**_place(found[A_PAGE - 1], time)) if len(found) > A_PAGE else "",
        "newest": asked.link(**first) if begins else "",
    }


def _place(row: Model, time: str) -> dict[str, object]:
    return {"before": row.pk, "after": getattr(row, time).isoformat() if time else None}


def _after(asked: Asked, time: str) -> Q:
    """What follows the place in the address; the time stands there too, for a row's may have moved since."""
    before = asked.number("before")
    at = asked.since("after") if time else None
    if before is None or (time and at is None):
        return Q()
    same = Q(pk__lt=before)
    return Q(**{f"{time}__gt": at}) | Q(**{time: at}) & same if time else same
