"""A long list on a page: tabs with their counts, a page of rows, and the addresses of its neighbours.

Takes rows already cut down to what was asked, and the tabs; gives what the template shows. Knows no noun.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Count, Model, Q, QuerySet

from margin.pages.asked import Asked

A_PAGE = 40
Tabs = Mapping[str, tuple[str, Q]]
"""By name: the word on it, and which rows it shows."""


def listed(
    rows: "QuerySet[Any]",
    asked: Asked,
    tabs: Tabs,
    *,
    usual: Callable[[Mapping[str, int]], str],
    order: "Callable[[QuerySet[Any], str], QuerySet[Any]]",
) -> dict[str, Any]:
    """`usual` says by the counts which tab opens where none is asked for."""
    counts = rows.aggregate(**{name: Count("pk", filter=where) for name, (_, where) in tabs.items()})
    shown = asked.choice("show", tabs, usual(counts))
    before = asked.number("before")
    wanted = rows.filter(tabs[shown][1])
    if before is not None:
        wanted = wanted.filter(pk__lt=before)
    found: list[Model] = list(order(wanted, shown)[: A_PAGE + 1])
    return {
        "asked": asked,
        "rows": found[:A_PAGE],
        "shown": shown,
        "tabs": [
            (name, word, asked.link(show=name, before=None), counts[name]) for name, (word, _) in tabs.items()
        ],
        "older": asked.link(before=found[A_PAGE - 1].pk) if len(found) > A_PAGE else "",
        "newest": asked.link(before=None) if before is not None else "",
    }
