"""One sub-account as a committed run saw it: its facts, its prices, its rules, and the figures they give.

Takes a sub-account and a run; gives the engine's nouns again, or says why there are none. Rests on what the
run pinned and on nothing else, so it comes to the figures that the run showed. Writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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
from margin.flow import as_of
from margin.flow.compose_frame import Composed
from margin.flow.kept import Kept
from margin.flow.recompute import Computed
from margin.flow.replay import compute_again
from margin.models import Run

KEPT: Kept[tuple[UUID, int], tuple[Computed, Composed]] = Kept(16)
"""A page asks several questions of one run."""


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
    return None if frame is None else as_of.committed(account.client.shard_id).filter(pk=frame.run).first()


def named_run(account: SubAccount, run: UUID) -> Run | None:
    return as_of.committed(account.client.shard_id).filter(pk=run).first()


def run_at(account: SubAccount, at: datetime) -> Run | None:
    return as_of.run_at(account.client.shard_id, at)


def oldest_run(account: SubAccount) -> Run | None:
    """The furthest back that can be looked."""
    return as_of.committed(account.client.shard_id).filter(at__isnull=False).order_by("at", "seq").first()


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
        policy=rules.desk_of(measured.fact).policy,
        figures=measured.figures,
        distances=measured.distances,
        hurt=measured.hurt,
        pinned=computed.pinned,
        places=rules.scales[built.base],
        row=next(row for row in rows_of(composed.accounts) if row["account"] == account.code),
        positions=[row for row in rows_of(composed.positions_columns) if row["account"] == account.code],
    )


def computed_of(run: Run, client: int) -> tuple[Computed, Composed]:
    """All of one client at a run."""
    return KEPT.get((run.pk, client), lambda: compute_again(run, client=client))
