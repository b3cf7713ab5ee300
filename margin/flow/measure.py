"""What one account's pools hold and need, asked inside a writing transaction.

Until the book can give one account by itself nothing is measured: nothing may leave, allocations are not asked.
"""

from datetime import datetime
from decimal import Decimal

from accounts.models import Asset, SubAccount
from riskdesk.errors import Refusal


def shortage(*, account: SubAccount, pool: str, field: str, now: datetime) -> Refusal | None:
    return None


def most_that_may_leave(*, account: SubAccount, pool: str, asset: Asset, now: datetime) -> Decimal | None:
    return None
