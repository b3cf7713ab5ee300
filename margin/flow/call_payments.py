"""Deposits towards margin calls: what came in from outside since a call was issued.

Takes the calls that are owed and the book of a run; books each deposit once, at what it counts for as
collateral in the pocket it went to, and keeps the sum. A deposit that was reversed counts no longer. Only
deposits the book holds already are seen: figures and payments are of one state.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet, Sum

from accounts.models import Pocket, Transfer
from accounts.pockets import WALLET
from margin.engine.pools import CROSS, pools_of, terms_of
from margin.engine.rational import Fraction
from margin.engine.shown import down
from margin.engine.types import ONE, ZERO, Account
from margin.flow.recompute import Computed
from margin.models import CallPayment, MarginCall
from riskdesk.errors import sure


def book_payments(owed: Sequence[MarginCall], computed: Computed, now: datetime) -> None:
    """New deposits towards these calls, and what each call has been paid."""
    if not owed:
        return
    calls = {row.sub_account_id: row for row in owed}
    fresh = []
    for transfer in _deposits(calls, computed.book.reached.shard):
        call = calls[sure(transfer.credit.sub_account_id, "it was asked for by account")]
        in_time = sure(call.issued_at, "what is owed was issued") <= transfer.recorded_at
        counted = _counts_for(transfer, call, computed) if in_time else None
        if counted is not None:
            fresh.append(CallPayment(call=call, transfer=transfer, counted=counted, seen_at=now))
    CallPayment.objects.bulk_create(fresh)
    _keep_sums(owed)


def _deposits(calls: dict[int, MarginCall], reached: int) -> "QuerySet[Transfer]":
    """From outside into a pocket of these accounts, in the book, not undone and not booked yet."""
    return (
        Transfer.objects.filter(
            credit__sub_account__in=calls,
            credit_revision__lte=reached,
            debit__kind=Pocket.Kind.EXTERNAL,
            recorded_at__gte=min(row.issued_at for row in calls.values() if row.issued_at),
            reverses__isnull=True,
            reversed_by__isnull=True,
        )
        .exclude(pk__in=CallPayment.objects.values("transfer"))
        .select_related("credit", "asset")
        .order_by("pk")
    )


def _counts_for(transfer: Transfer, call: MarginCall, computed: Computed) -> Decimal | None:
    """What it adds to recognised collateral, rounded down; None while its worth is not known."""
    account = computed.book.account(call.sub_account_id)
    if not isinstance(account, Account):
        return None
    rate = computed.markets.seen_from(account.base).rates.get(transfer.asset.code)
    price = ONE if transfer.asset.code == account.base else rate.value if rate else None
    if price is None:
        return None
    name = CROSS if transfer.credit.key == WALLET else transfer.credit.key
    balances = next((pool.balances for pool in pools_of(account) if pool.name == name), {})
    after = balances.get(transfer.asset.code, ZERO) * price
    before = after - Fraction(transfer.amount) * price
    cuts = terms_of(account, transfer.asset.code).haircuts
    recognised = [cuts.recognised(value) if value > 0 else value for value in (before, after)]
    scale = computed.book.rules.scales[account.base]
    return down(max(ZERO, recognised[1] - recognised[0]), scale)


def _keep_sums(owed: Sequence[MarginCall]) -> None:
    sums: dict[int, Decimal] = defaultdict(Decimal)
    counting = CallPayment.objects.filter(call__in=owed, transfer__reversed_by__isnull=True).order_by()
    sums |= dict(counting.values("call").annotate(sum=Sum("counted")).values_list("call", "sum"))
    changed = [row for row in owed if row.paid != sums[row.pk]]
    for row in changed:
        row.paid = sums[row.pk]
    MarginCall.objects.bulk_update(changed, ["paid"])
