"""How often one caller may ask: a bucket that fills steadily and may be emptied at once.

Takes the caller of a request; gives yes, or no and when to come back. Counts in this process alone: several
web processes allow that many times more. Never a wall against floods, which is the proxy's work.
"""

import threading
from dataclasses import dataclass, field

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.access import Principal
from riskdesk import clock

BURST_REQUESTS = 400
REQUESTS_PER_SECOND = 40
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


buckets = Buckets(BURST_REQUESTS, REQUESTS_PER_SECOND)


class CallerThrottle(BaseThrottle):
    """One bucket a caller."""

    seconds: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        who = request.auth.caller if isinstance(request.auth, Principal) else "nobody"
        self.seconds = buckets.take(who, clock.monotonic_seconds()) or None
        return self.seconds is None

    def wait(self) -> float | None:
        return self.seconds
