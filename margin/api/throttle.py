"""How often one caller may ask: a bucket that fills steadily and may be emptied at once.

Takes the caller of a request; gives yes, or no and when to come back. Counts in this process alone: several
web processes allow that many times more. Never a wall against floods, which is the proxy's work.
"""

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.access import Principal
from riskdesk import clock
from riskdesk.buckets import Buckets

BURST_REQUESTS = 400
REQUESTS_PER_SECOND = 40

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
