"""A bound on how often a page may speak."""

from riskdesk import clock


class Bucket:
    """So many at once, so many a second."""

    def __init__(self, *, burst: int, per_second: float) -> None:
        self._most, self._rate = float(burst), per_second
        self._left, self._at = self._most, clock.monotonic_seconds()

    def take(self) -> bool:
        now = clock.monotonic_seconds()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
