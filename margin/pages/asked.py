"""What an address asks of a page: read leniently, so that a link of any age opens the nearest sensible view.

Takes the query of a request; gives its values one by one, remembers which were nonsense so that the page can
say which value it ignored, and writes the addresses of neighbouring views. Never refuses.
"""

import re
from collections.abc import Container
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime

from riskdesk import clock

SPANS = {
    "1h": timedelta(hours=1),
    "8h": timedelta(hours=8),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
SPAN_WORDS = {
    "1h": "Last hour",
    "8h": "Last 8 hours",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
}
LARGEST = 2**62
Value = TypeVar("Value")
LONGEST = 200
LONGEST_SAID = 40


class Asked:
    """The values of one address. Each is taken once, with what it may be."""

    def __init__(self, query: QueryDict) -> None:
        self.query = query
        self.taken: dict[str, str] = {}
        self.ignored: list[str] = []

    def choice(self, name: str, among: Container[str], usual: str = "") -> str:
        given = self._given(name)
        if given and given in among:
            self.taken[name] = given
            return given
        return self._not(name, given) or usual

    def text(self, name: str, shape: str = "") -> str:
        """One line of text; `shape` is a pattern that the whole of it must have."""
        given = self._given(name)
        fits = given.isprintable() and len(given) <= LONGEST
        if not fits or (given and shape and not re.fullmatch(shape, given)):
            return self._not(name, given)
        if given:
            self.taken[name] = given
        return given

    def number(self, name: str) -> int | None:
        given = self._given(name)
        if given.isascii() and given.isdigit() and len(given) < 20 and int(given) < LARGEST:
            self.taken[name] = given
            return int(given)
        self._not(name, given)
        return None

    def since(self, name: str = "since") -> datetime | None:
        """A span such as 24h, or a day or an instant in UTC."""
        given = self._given(name)
        found = clock.now() - SPANS[given] if given in SPANS else self._instant(given)
        return self._kept(name, given, found)

    def day(self, name: str) -> date | None:
        given = self._given(name)
        try:
            return self._kept(name, given, parse_date(given))
        except ValueError:
            self._not(name, given)
            return None

    def link(self, **other: object) -> str:
        """The address of this view with some values changed; None takes one away."""
        query = {name: value for name, value in (self.taken | other).items() if value not in (None, "")}
        return f"?{urlencode(query)}"

    def _given(self, name: str) -> str:
        return self.query.get(name, "").strip()

    def _kept(self, name: str, given: str, found: Value | None) -> Value | None:
        if found is None:
            self._not(name, given)
        else:
            self.taken[name] = given
        return found

    def _not(self, name: str, given: str) -> str:
        if given:
            shown = given if len(given) <= LONGEST_SAID else f"{given[:LONGEST_SAID]}…"
            self.ignored.append(f"{name} “{shown}”" if given.isprintable() else name)
        return ""

    def _instant(self, given: str) -> datetime | None:
        try:
            found = parse_datetime(given) or _midnight(parse_date(given))
            return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
