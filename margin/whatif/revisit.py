"""One sub-account as a committed run saw it: its facts, its prices, its rules, and the figures they give.

Takes a sub-account and a run; gives the engine's nouns again, or says why there are none. Rests on what the
run pinned and on nothing else, so it comes to the figures that the run showed. Writes nothing.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import SubAccount
from margin.book.facts import Unusable
from margin.book.frame import rows_of
from margin.book.marks import Pinned
from margin.book.read import newest_frame
from margin.engine.bridge import State
from margin.engine.distance import Distances
from margin.engine.figures import AccountFigures
from margin.engine.liquidation import HurtPrices
from margin.engine.types import Account, Market, Policy
from margin.flow.compose_frame import Composed
from margin.flow.recompute import Computed
from margin.flow.replay import compute_again
from margin.models import Run

MOST_KEPT = 16
_kept: OrderedDict[tuple[UUID, int], tuple[Computed, Composed]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Revisited:
    """Measured anew. `row` and `positions` are what the run showed of it, `places` its decimals."""

    run: Run
    account: Account
    market: Market
    policy: Policy
    figures: AccountFigures
    distances: Distances
    hurt: Mapping[str, HurtPrices]
    pinned: Mapping[str, Pinned]
    places: int
    row: Mapping[str, Any]
    positions: list[dict[str, Any]]

    @property
    def state(self) -> State:
        return State(self.account, self.market, self.policy)


@dataclass(frozen=True, slots=True)
class Gone:
    """Why an account cannot be seen at a run."""

    because: str


def newest_run(account: SubAccount) -> Run | None:
    """The run whose figures everybody sees now."""
    frame = newest_frame(account.client.shard_id)
    return None if frame is None else _committed(account).filter(pk=frame.run).first()


def named_run(account: SubAccount, run: UUID) -> Run | None:
    return _committed(account).filter(pk=run).first()


def run_at(account: SubAccount, at: datetime) -> Run | None:
    """The newest run whose figures are for this instant or an earlier one."""
    return _committed(account).filter(at__lte=at).order_by("-seq").first()


def _committed(account: SubAccount) -> "QuerySet[Run]":
    shard = account.client.shard_id
    return Run.objects.filter(shard=shard, state=Run.State.COMMITTED, shard_revision__isnull=False)


def revisit(account: SubAccount, run: Run) -> Revisited | Gone:
    """The account at the run's revisions and prices."""
    computed, composed = computed_of(run, account.client_id)
    measured = computed.accounts.get(account.pk)
    if measured is None:
        return Gone("this run did not know the account yet")
    built = computed.book.account(account.pk)
    if isinstance(built, Unusable):
        return Gone("; ".join(built.because))
    rules = computed.book.rules
    return Revisited(
        run=run,
        account=built,
        market=computed.markets.seen_from(built.base),
        policy=rules.desks[rules.clients[measured.fact.client_id].desk_id].policy,
        figures=measured.figures,
        distances=measured.distances,
        hurt=measured.hurt,
        pinned=computed.pinned,
        places=rules.scales[built.base],
        row=next(row for row in rows_of(composed.accounts) if row["account"] == account.code),
        positions=[row for row in rows_of(composed.positions_columns) if row["account"] == account.code],
    )


def computed_of(run: Run, client: int) -> tuple[Computed, Composed]:
    """Kept for a while: a page asks several questions of one run, and a past run never changes."""
    key = (run.pk, client)
    if key not in _kept:
        while len(_kept) >= MOST_KEPT:
            _kept.popitem(last=False)
        _kept[key] = compute_again(run, client=client)
    return _kept[key]


def forget() -> None:
    """Drop what is kept: a test's database has runs of its own."""
    _kept.clear()
