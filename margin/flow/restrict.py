"""Step 3's hand: an account that fell into liquidation may only reduce, until it is out of it again.

Takes what a run did to breaches, inside its transaction; imposes and lifts by rule. Whether a level has
fallen or has eased was decided with its hysteresis in `enforce`. What a person imposed it never touches, and
what a person lifted it imposes again only when the account falls anew.
"""

from collections.abc import Sequence
from datetime import datetime

from margin.engine.figures import Level
from margin.flow.control import RELATED
from margin.flow.controlled import Author, begin, end
from margin.flow.enforce import Deed, Done
from margin.models import Breach, Restriction, Run
from riskdesk.errors import sure

RULE = Restriction.Rule.LIQUIDATION
FELL = (Deed.OPENED, Deed.REOPENED, Deed.WORSENED)
WHY = "It is in liquidation: it may only close until it is two points above its maintenance again."
WHY_NO_MORE = "None of its pools is in liquidation any more."


def restrict(done: Sequence[Done], *, run: Run, now: datetime) -> int:
    """How many were imposed and lifted. Rows before revisions, as people's deeds lock them."""
    levels = [one for one in done if one.breach.rule == Breach.Rule.MARGIN_LEVEL]
    if not levels:
        return 0
    author = Author(rule=RULE, run=run)
    accounts = {sure(one.breach.sub_account_id, "a level is an account's") for one in levels}
    fallen = _fallen(accounts)
    standing = Restriction.objects.filter(rule=RULE, lifted_at=None, sub_account__in=accounts).order_by("pk")
    held = list(standing.select_for_update(of=("self",)).select_related(*RELATED))
    lifted = [row for row in held if row.sub_account_id not in fallen]
    for row in lifted:
        end(row, author=author, reason=WHY_NO_MORE, now=now)
    anew = {one.breach.sub_account_id for one in levels if one.deed in FELL}
    imposed = [
        fallen[number] for number in sorted(fallen.keys() & anew - {row.sub_account_id for row in held})
    ]
    for breach in imposed:
        begin(_row(breach, run, now), author=author)
    return len(imposed) + len(lifted)


def _fallen(accounts: set[int]) -> dict[int, Breach]:
    """Those of them with a pool whose breach stands at liquidation."""
    rows = Breach.objects.filter(
        rule=Breach.Rule.MARGIN_LEVEL, sub_account__in=accounts, detail__level=Level.LIQUIDATION.word
    )
    live = rows.exclude(state=Breach.State.CURED).select_related("desk", "sub_account__client")
    return {sure(row.sub_account_id, "a level is an account's"): row for row in live}


def _row(breach: Breach, run: Run, now: datetime) -> Restriction:
    return Restriction(
        scope=Restriction.Scope.ACCOUNT, desk=breach.desk, sub_account=breach.sub_account,
        state=Restriction.State.REDUCE_ONLY, reason=WHY, rule=RULE, run=run, imposed_at=now,
    )  # fmt: skip
