"""Every address the desk answers to, from the URL resolver, with a sample in each blank."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

SAMPLES = {"int": "1", "uuid": "8f14e45f-ceea-4e7a-9b2a-000000000001", "slug": "x", "path": "x", "str": "X1"}
BLANK = re.compile(r"<(?:(\w+):)?(\w+)>")
GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")


def addresses() -> list[str]:
    return sorted(set(_walk(get_resolver(), "/")))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        address = prefix + _filled(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, address)
        elif isinstance(pattern, URLPattern):
            yield address


def _filled(route: str) -> str:
    """Routes with <blanks>; a few of Django's and allauth's own are regular expressions."""
    if route.startswith("^") or route.endswith("$"):
        route = GROUP.sub("X1", route.strip("^$").replace(r"\Z", "").replace("\\", ""))
    return BLANK.sub(lambda blank: SAMPLES.get(blank[1] or "str", "X1"), route)
