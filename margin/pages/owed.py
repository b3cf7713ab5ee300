"""What is owed, for the page of an account or a client: how much, by when, and the way to the call.

Takes the calls of one or the other; gives words. What was asked and paid does not wait for a run, so it is
true while figures stand still; what the account would need now is the newest run's.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import SubAccount
from margin import formats
from margin.engine.call import to_target
from margin.engine.shown import up
from margin.models import MarginCall
from margin.whatif.revisit import Gone, newest_run, revisit
from riskdesk import clock


@dataclass(frozen=True, slots=True)
class Owed:
    """`day` is blank where the time is today's, `needs` where nothing is known of it."""

    call: int
    account: str
    amount: str
    asked: str
    paid: str
    needs: str
    is_paid: bool
    currency: str
    due: datetime
    day: str
    is_overdue: bool


def owed_by(calls: "QuerySet[MarginCall]", *, most: int | None = None, asks: bool = True) -> list[Owed]:
    """Those of an account's, a client's or a desk's calls that are owed, the earliest first: one question.

    `asks` what each account would need now, which computes it: not for many.
    """
    owed = calls.filter(state__in=MarginCall.OWED)
    rows = owed.select_related("sub_account__base_currency", "sub_account__client").order_by("due_at", "id")
    return [_owed(row, row.due_at, asks=asks) for row in rows[:most] if row.due_at is not None]


def _owed(call: MarginCall, due: datetime, *, asks: bool) -> Owed:
    currency = call.sub_account.base_currency
    return Owed(
        call=call.pk,
        account=call.sub_account.code,
        amount=formats.whole_up(call.outstanding, currency.scale),
        asked=formats.whole_up(call.amount, currency.scale),
        paid=formats.whole_down(call.paid, currency.scale),
        needs=needs_now(call.sub_account) if asks else "",
        is_paid=call.outstanding == 0,
        currency=currency.code,
        due=due,
        day="" if due.date() == clock.now().date() else f"{due:%b %-d} ",
        is_overdue=call.state == MarginCall.State.OVERDUE,
    )


def needs_now(account: SubAccount) -> str:
    """What the account would need now to be at its target, as the newest run saw it."""
    run = newest_run(account)
    seen = Gone("") if run is None else revisit(account, run)
    if isinstance(seen, Gone):
        return ""
    amount = to_target(seen.account, seen.figures, seen.policy)
    if amount is None:
        return "what it needs now is unknown"
    if amount == 0:
        return "at its target now"
    return f"needs {formats.whole_up(f'{up(amount, seen.places):f}', seen.places)} now to be at its target"
