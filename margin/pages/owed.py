"""What is owed, for the page of an account or a client: how much, by when, and the way to the call.

Takes the calls of one or the other; gives words. It does not wait for a run, so it is true while figures
stand still.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from margin import formats
from margin.models import MarginCall
from riskdesk import clock


@dataclass(frozen=True, slots=True)
class Owed:
    """`day` is blank where the time is today's."""

    call: int
    account: str
    amount: str
    currency: str
    due: datetime
    day: str
    is_overdue: bool


def owed_by(calls: "QuerySet[MarginCall]") -> list[Owed]:
    """Those of an account's or a client's calls that are owed, the earliest first: one question."""
    owed = calls.filter(state__in=MarginCall.OWED)
    rows = owed.select_related("sub_account__base_currency").order_by("due_at", "id")
    return [_owed(row, row.due_at) for row in rows if row.due_at is not None]


def _owed(call: MarginCall, due: datetime) -> Owed:
    currency = call.sub_account.base_currency
    return Owed(
        call=call.pk,
        account=call.sub_account.code,
        amount=formats.whole_up(call.outstanding, currency.scale),
        currency=currency.code,
        due=due,
        day="" if due.date() == clock.now().date() else f"{due:%b %-d} ",
        is_overdue=call.state == MarginCall.State.OVERDUE,
    )
