"""The letter that asks a client for margin.

Takes calls as they stand; gives waiting `Delivery` rows to the clients' own addresses. A client without one
gets none: the desk delivers the call itself and says so. Sends nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from margin import formats
from margin.models import Delivery, MarginCall
from margin.notify.cleaning import one_line
from margin.notify.email import Letter, local_time, write


def write_call_letters(calls: Iterable[MarginCall], now: datetime, *, run_id: str = "") -> list[Delivery]:
    """Not yet stored. Without a run, a person has called."""
    return [_delivery(call, now, run_id) for call in calls if call.client.email]


def _delivery(call: MarginCall, now: datetime, run_id: str) -> Delivery:
    letter = compose_call(call)
    return Delivery(
        call=call,
        desk_id=call.desk_id,
        kind="call",
        run_id=run_id,
        recipient=call.client.email,
        subject=letter.subject[:200],
        text=letter.text,
        html=letter.html,
        created_at=now,
        due_at=now,
    )


def compose_call(call: MarginCall) -> Letter:
    """What is asked, by when, and the figures it rests on."""
    desk, account, currency = call.desk, call.sub_account, call.sub_account.base_currency

    def money(amount: Decimal) -> str:
        return f"{formats.whole_up(amount, currency.scale)} {currency.code}"

    due = local_time(call.due_at, desk.zone) if call.due_at else ""
    subject = one_line(f"Margin call, {account.code}: {money(call.outstanding)} by {due}")
    facts = [
        ("Account", f"{account.code} ({one_line(call.client.name)})"),
        ("Called", money(call.amount)),
        ("Received", money(call.paid) if call.paid else ""),
        ("Outstanding", money(call.outstanding)),
        ("Due", due),
    ]
    urgent = call.kind == MarginCall.Kind.URGENT
    return write(
        "call",
        subject,
        severity="critical" if urgent else "warning",
        urgent=urgent,
        desk=desk,
        title=f"Margin call: {money(call.outstanding)}",
        due=due,
        facts=[(name, value) for name, value in facts if value],
        pools=[
            {
                "name": formats.named(pool["pool"]),
                "equity": formats.whole_down(pool["equity"], currency.scale),
                "required": formats.whole_up(pool["house_maintenance"], currency.scale),
                "missing": formats.whole_up(pool["missing"], currency.scale),
            }
            for pool in call.basis.get("pools", [])
        ],
        currency=currency.code,
    )
