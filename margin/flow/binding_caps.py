"""Which cap binds whom in a large shard: the tightest of each client, and those of single sub-accounts.

Takes caps and whom they may apply to; gives caps and by row which. Looks at figures for leverage alone, of
which every row shows the nearest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.book.facts import ClientFact
from margin.engine.columns import Floats
from margin.engine.limits import Cap, tightest
from margin.engine.measures import AnyKind, LimitKind
from margin.flow.client_sums import Ground, Rows
from margin.flow.sweep import Swept

Binding = tuple[float | None, int | None]
"""The value of a cap, and the version of the limit behind it, if one is."""


def binding_caps(kind: AnyKind, caps: Caps, clients: Sequence[ClientFact]) -> tuple[list[Cap], Rows]:
    """The tightest cap of each client, by its row among the caps; -1 for none."""
    rows: dict[Cap, int] = {}
    known: dict[tuple[object, ...], int] = {}
    own = {limit.client_id for limit in caps.by_place.values() if limit.kind == kind}
    own |= {client_id for of_kind, client_id in caps.excesses if of_kind == kind}
    found = np.empty(len(clients), dtype=np.int64)
    for k, client in enumerate(clients):
        place = (client.desk_id, client.regulatory_class, client.id if client.id in own else None)
        if place not in known:
            cap = tightest(caps.of_client(kind, client))
            known[place] = -1 if cap is None else rows.setdefault(cap, len(rows))
        found[k] = known[place]
    return list(rows), found


def own_caps(kind: AnyKind, swept: Swept, caps: Caps) -> dict[int, Cap]:
    """Caps of single sub-accounts, by row."""
    owners = sorted({limit.sub_account_id for limit in caps.by_place.values() if limit.sub_account_id})
    found = {}
    for account_id in owners:
        row = swept.warm.rows_of_ids.get(account_id)
        cap = None if row is None else caps.of_account(kind, swept.book.rules.accounts[account_id])
        if row is not None and cap is not None:
            found[row] = cap
    return found


def lines_of(caps: Sequence[Cap], rows: Rows) -> tuple[Floats, Floats]:
    """Limit and warning by row; NaN where there is no cap."""
    limits = np.array([*(float(cap.limit) for cap in caps), np.nan])
    warns = np.array([*(float(cap.warn_at) for cap in caps), np.nan])
    return limits[rows], warns[rows]


def binding_of(kind: AnyKind, cap: Cap, caps: Caps) -> Binding:
    return float(cap.limit), caps.limit_ids.get((kind, cap.name))


@dataclass(frozen=True, slots=True)
class LeverageCaps:
    """Of each account the leverage cap nearest to binding (-1: none), and its used share."""

    caps: Sequence[Cap]
    row: NDArray[np.int64]
    use: Floats


def leverage_caps(ground: Ground) -> LeverageCaps:
    """Of the client's tightest cap and the sub-account's own, the one used more; the unknown before any."""
    swept, caps, sums = ground.swept, ground.caps, ground.sums
    client_of = swept.roster.client_of
    found, of_client = binding_caps(LimitKind.LEVERAGE, caps, swept.roster.clients)
    limits = np.array([*(float(cap.limit) for cap in found), np.nan])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(sums.equity > 0.0, sums.gross / sums.equity, np.nan)
    ratio[sums.gross == 0.0] = 0.0
    ratio[np.isnan(sums.equity)] = np.nan
    row = of_client[client_of]
    use = ratio[client_of] / limits[row]
    every = list(found)
    for place, cap in own_caps(LimitKind.LEVERAGE, swept, caps).items():
        own = float(swept.totals.leverage[place]) / float(cap.limit)
        if row[place] < 0 or (np.isnan(own) and not np.isnan(use[place])) or own > use[place]:
            row[place], use[place] = len(every), own
            every.append(cap)
    return LeverageCaps(every, row, use)
