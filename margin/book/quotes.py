"""The newest quotes of every source, out of PostgreSQL, as facts for `marks`."""

from margin.book.facts import QuoteFact
from margin.book.load_market import optional
from margin.models import Quote


def load_quotes() -> dict[str, dict[str, QuoteFact]]:
    """By instrument code and source."""
    found: dict[str, dict[str, QuoteFact]] = {}
    rows = Quote.objects.values_list(
        "instrument__code", "source__code", "received_at", "doubt", "confirmed_price", "confirmed_time"
    )
    for instrument, source, received_at, doubt, price, time in rows:
        found.setdefault(instrument, {})[source] = QuoteFact(
            source, received_at, doubt, optional(price), time
        )
    return found
