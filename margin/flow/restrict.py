"""Step 3's hand: an account that fell into liquidation may only reduce, until it is out of it again.

Takes what a run did to breaches, inside its transaction; imposes and lifts by rule. Whether a level has
fallen or has eased was decided with its hysteresis in `enforce`. What a person imposed it never touches, and
what a person lifted it imposes again only when a pool of the account falls anew.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import prefetch_related_objects

from margin.engine.figures import Level
from margin.flow.controlled import by_rule
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
    accounts = {_account(one.breach) for one in levels}
    held, down = _held(accounts), _down(accounts)
    stands = {row.sub_account_id for row in held}
    anew = {_account(one.breach): one.breach for one in levels if one.deed in FELL and _is_down(one.breach)}
    begun = _rows([anew[account] for account in sorted(anew.keys() - stands)], run, now)
    ended = [row for row in held if row.sub_account_id not in down]
    if begun or ended:
        by_rule(begun=begun, ended=ended, reason=WHY_NO_MORE, now=now)
    return len(begun) + len(ended)


def _held(accounts: Collection[int]) -> list[Restriction]:
    """What the rule imposed on them and nobody has lifted, locked in the order of its rows."""
    rows = Restriction.objects.filter(rule=RULE, lifted_at=None, sub_account__in=accounts).order_by("pk")
    return list(rows.select_for_update(of=("self",)).select_related("desk", "sub_account"))


def _down(accounts: Collection[int]) -> set[int]:
    """Those of them with a pool in liquidation, whether or not this run did anything to it."""
    rows = Breach.objects.filter(rule=Breach.Rule.MARGIN_LEVEL, sub_account__in=accounts)
    live = rows.exclude(state=Breach.State.CURED).filter(detail__level=Level.LIQUIDATION.word)
    return {sure(number, "a level is an account's") for number in live.values_list("sub_account", flat=True)}


def _account(breach: Breach) -> int:
    return sure(breach.sub_account_id, "a level is an account's")


def _is_down(breach: Breach) -> bool:
    return bool(breach.detail["level"] == Level.LIQUIDATION.word)


def _rows(breaches: Sequence[Breach], run: Run, now: datetime) -> list[Restriction]:
    prefetch_related_objects(breaches, "desk", "sub_account")
    return [
        Restriction(
            scope=Restriction.Scope.ACCOUNT,
            desk=breach.desk,
            sub_account=breach.sub_account,
            state=Restriction.State.REDUCE_ONLY,
            reason=WHY,
            rule=RULE,
            run=run,
            imposed_at=now,
        )
        for breach in breaches
    ]
