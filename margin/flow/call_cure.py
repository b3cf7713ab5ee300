"""By what a margin call was cured, for those who count how often a client was saved by which means.

Takes the call, the step that ends it and the account as it is; gives the first that fits: its deposits met
it; positions were changed since it was issued; the account's buffer was; else the market came back.
"""

from django.db.models import Q

from margin.engine.call import Because, Step
from margin.engine.types import Account
from margin.flow.call_words import buffer_of
from margin.models import MarginCall, PositionVersion

Cure = MarginCall.Cure


def cure_of(row: MarginCall, step: Step, account: object) -> MarginCall.Cure:
    if step.because is Because.PAID:
        return Cure.DEPOSIT
    if _positions_changed(row):
        return Cure.REDUCTION
    if row.paid:
        return Cure.DEPOSIT
    if isinstance(account, Account) and buffer_of(account) != row.basis.get("buffer"):
        return Cure.PARAMETER
    return Cure.MARKET


def _positions_changed(row: MarginCall) -> bool:
    since = Q(revision_from__gt=row.shard_revision) | Q(revision_to__gt=row.shard_revision)
    return PositionVersion.objects.filter(since, sub_account=row.sub_account_id).exists()
