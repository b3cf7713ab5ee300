"""The one clock. Everything that asks for the time asks here, so that a test or a replay can answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_pinned: list[datetime] = []


def now() -> datetime:
    """Wall-clock time in UTC."""
    return _pinned[-1] if _pinned else datetime.now(UTC)


def monotonic_seconds() -> float:
    """For durations, never for instants."""
    return time.monotonic()


@contextmanager
def pinned(instant: datetime) -> Iterator[None]:
    """Hold the clock at `instant`: for tests and replays."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    _pinned.append(instant.astimezone(UTC))
    try:
        yield
    finally:
        _pinned.pop()
