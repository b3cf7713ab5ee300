"""GET accounts/<CODE>/history/: one account through time, recomputed from what its runs pinned.

Takes a span and a step; gives at most one point a step, oldest first. Computes no figure itself, and asks for
no more at once than about a second's work.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
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
from margin.flow.series import Step, account_history, account_steps, books_of
from margin.flow.show import SERIES
from riskdesk import clock
from riskdesk.errors import Refusal

USUAL_SPAN = timedelta(days=1)
USUAL_SECONDS = 60
MOST_POINTS, MOST_BOOKS = 300, 20
PARAMETERS: dict[str, Kind[Any]] = {
    "from": Maybe(Instant()),
    "to": Maybe(Instant()),
    "every": Maybe(WholeText(least=1, most=86_400)),
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
        every = self.query["every"] or max(USUAL_SECONDS, ceil(seconds(since, until) / MOST_POINTS))
        if refused := refusals(since, until, every):
            raise invalid(refused)
        steps = account_steps(row, since=since, until=until, every_seconds=every)
        if refused := too_costly(steps, every):
            raise invalid(refused)
        points = account_history(row, steps)
        about = {"code": row.code, "currency": row.base_currency.code, "from": since, "to": until}
        return answer(about | {"every": every, "points": points})


def seconds(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds()


def refusals(since: datetime, until: datetime, every: int) -> list[Refusal]:
    """What is wrong with a span."""
    if until > clock.now():
        return [Refusal("to", "future", until.isoformat(), "This is in the future.")]
    if since >= until:
        return [Refusal("from", "order", since.isoformat(), "`from` comes before `to`.")]
    if seconds(since, until) / every > MOST_POINTS:
        says = f"At most {MOST_POINTS} points at once: a longer step or a shorter span."
        return [Refusal("every", "too_many_points", str(every), says)]
    return []


def too_costly(steps: Sequence[Step], every: int) -> list[Refusal]:
    """Each time the account's positions or cash, or any rule, had changed, its book is loaded anew."""
    if (books := books_of(steps)) <= MOST_BOOKS:
        return []
    says = (
        f"Positions, cash or rules changed between {books} of these points; at most {MOST_BOOKS} at once: "
        "a longer step or a shorter span."
    )
    return [Refusal("every", "too_many_changes", str(every), says)]
