"""An instant as others write it, of a year that every part of the desk can keep and read again.

Takes a text; gives UTC. The database keeps years that Python cannot read back, and knows fewer offsets.
"""

from datetime import UTC, datetime

FIRST_YEAR, LAST_YEAR = 2000, 2100


def read_instant(text: str) -> datetime:
    """ISO 8601 with its offset. ValueError: it is none, or of a year that nobody means."""
    found = datetime.fromisoformat(text)
    kept = kept_as(found) if found.tzinfo is not None else None
    if kept is None:
        raise ValueError("an instant has an offset and a year of this century")
    return kept


def kept_as(instant: datetime) -> datetime | None:
    """In UTC, whose year is judged: an offset carries it over the end of one. None: of no year kept."""
    try:
        kept = instant.astimezone(UTC)
    except OverflowError:
        return None
    return kept if FIRST_YEAR <= kept.year < LAST_YEAR else None
