"""What is kept and said of a margin call: the figures it rests on, and the alert that it is late.

Takes rows and the engine's answers; gives plain values and alerts. Pure but for the names of the rows.
"""

from datetime import datetime
from typing import Any

from margin import formats
from margin.engine.call import Need
from margin.engine.types import Account
from margin.flow.show import plain
from margin.models import Alert, MarginCall, Run


def buffer_of(account: Account) -> str:
    return plain(account.buffer)


def basis_of(lacks: Need, account: object) -> dict[str, Any]:
    """By pool: equity, requirement, what is missing. Exact, as text."""
    pools = [
        {
            "pool": own.pool,
            "level": own.level.word,
            "equity": plain(own.equity),
            "house_maintenance": plain(own.house),
            "missing": plain(own.amount),
        }
        for own in lacks.pools
    ]
    return {"pools": pools} | ({"buffer": buffer_of(account)} if isinstance(account, Account) else {})


def overdue(row: MarginCall, run: Run, now: datetime) -> Alert:
    """The client did not pay in time: the desk must act."""
    account = row.sub_account
    currency = account.base_currency
    left, asked = (formats.whole_up(own, currency.scale) for own in (row.amount - row.paid, row.amount))
    return Alert(
        desk_id=row.desk_id,
        client_id=row.client_id,
        sub_account_id=row.sub_account_id,
        reason=Alert.Reason.CALL_OVERDUE,
        severity=Alert.Severity.CRITICAL,
        title=f"{account.code}: margin call of {asked} {currency.code} is overdue",
        text=f"{left} {currency.code} of it did not come in by {row.due_at:%Y-%m-%d %H:%M} UTC.",
        key=f"call:{row.pk}:overdue:{row.due_at.isoformat() if row.due_at else ''}",
        run=run,
        raised_at=now,
    )
