"""How often somebody may ask: a bucket that fills steadily and may be emptied at once.

Takes a name and the time; gives 0, or the seconds to wait. Keeps a bounded number of names, in this process.
"""

import threading
from dataclasses import dataclass, field

MOST_CALLERS = 10_000


@dataclass(slots=True)
class Buckets:
    """What is left to each caller, and when it was counted."""

    burst: float
    per_second: float
    left: dict[str, tuple[float, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, caller: str, now_seconds: float) -> float:
        """Take one: 0, or the seconds to wait until there is one."""
        with self.lock:
            had, at = self.left.pop(caller, (self.burst, now_seconds))
            has = min(self.burst, had + (now_seconds - at) * self.per_second)
            allowed = has >= 1
            self.left[caller] = (has - 1 if allowed else has, now_seconds)
            if len(self.left) > MOST_CALLERS:
                self.left.pop(next(iter(self.left)))  # the one that asked longest ago
            return 0.0 if allowed else (1 - has) / self.per_second
