"""Instants out of the database: those of years that nothing reckons with read as the nearest that all can.

PostgreSQL keeps years from 4713 BC to 294276, and infinity; Python knows 1 to 9999, and a day off an end of
them is a fault. One such row must not stop the run, or the gate, that reads it among others: what was before
everything stays before everything, and what is after everything after it. Nothing of the desk writes such.
"""

from datetime import UTC, datetime

from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg import DataError
from psycopg.adapt import AdaptersMap, Buffer
from psycopg.types.datetime import TimestamptzLoader

FIRST, LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


class NearestLoader(TimestamptzLoader):
    """Django's own gives UTC, too; `timezone` is what it looks at."""

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        try:
            found = super().load(data).replace(tzinfo=UTC)
        except DataError:
            text = bytes(data)
            return FIRST if text.endswith(b"BC") or text.startswith(b"-") else LAST
        return min(max(found, FIRST), LAST)


def adapters() -> AdaptersMap:
    """Django's, but for this."""
    ours = AdaptersMap(get_adapters_template(True, UTC))
    ours.register_loader("timestamptz", NearestLoader)
    return ours
