"""An instant as others write it, of a year that every part of the desk can keep and read again.

Takes a text; gives UTC. The database keeps years that Python cannot read back, and knows fewer offsets.
"""

from datetime import UTC, datetime

FIRST_YEAR, LAST_YEAR = 2000, 2100


def read_instant(text: str) -> datetime:
    """ISO 8601 with its offset. ValueError: it is none, or of a year that nobody means."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not FIRST_YEAR <= found.year < LAST_YEAR:
        raise ValueError("an instant has an offset and a year of this century")
    return found.astimezone(UTC)
