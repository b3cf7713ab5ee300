"""GET accounts/<CODE>/history/: one account through time, recomputed from what its runs pinned.

Takes a span and a step; gives at most one point a step, oldest first. Computes no figure itself.
"""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import SubAccount
from margin.api.composed import Maybe
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.permissions import find
from margin.api.problems import invalid
from margin.api.shapes import Instant, Kind, WholeText
from margin.flow.series import account_history
from margin.flow.show import SERIES
from riskdesk import clock
from riskdesk.errors import Refusal

USUAL_SPAN = timedelta(days=1)
MOST_POINTS = 1500
PARAMETERS: dict[str, Kind[Any]] = {
    "from": Maybe(Instant()),
    "to": Maybe(Instant()),
    "every": Maybe(WholeText(least=1, most=86_400), 60),
}
POINT = record(
    {
        **texts("at", "run", "level"),
        **blanks(*SERIES[:5]),
        "bounded": {"type": "boolean"},
        "seq": {"type": "integer"},
    }
)
GIVES = record(
    {
        **texts("code", "currency", "from", "to"),
        "every": {"type": "integer"},
        "points": {"type": "array", "items": POINT},
    }
)


class History(Endpoint):
    parameters = PARAMETERS

    @described("read_history", "One account through time", GIVES, parameters=PARAMETERS, tag="accounts")
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.select_related("client", "base_currency"), self.caller, code=account)
        until = self.query["to"] or clock.now()
        since = self.query["from"] or until - USUAL_SPAN
        every = self.query["every"]
        if refused := refusals(since, until, every):
            raise invalid(refused)
        points = account_history(row, since=since, until=until, every_seconds=every)
        about = {"code": row.code, "currency": row.base_currency.code, "from": since, "to": until}
        return answer(about | {"every": every, "points": points})


def refusals(since: Any, until: Any, every: int) -> list[Refusal]:
    """What is wrong with a span."""
    if until > clock.now():
        return [Refusal("to", "future", until.isoformat(), "This is in the future.")]
    if since >= until:
        return [Refusal("from", "order", since.isoformat(), "`from` comes before `to`.")]
    if (until - since).total_seconds() / every > MOST_POINTS:
        says = f"At most {MOST_POINTS} points at once: a longer step or a shorter span."
        return [Refusal("every", "too_many_points", str(every), says)]
    return []
