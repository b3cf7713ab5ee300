"""Caps on what a whole book is like, in columns: of clients, and of single sub-accounts.

Takes a sweep; gives what is used of each kind by group of accounts, as `engine.whole_measures` has it. Of
collateral in one asset it is nothing where nobody owns what can fall; of all others it is asked exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from margin.engine.columns import Floats
from margin.engine.measures import WholeKind
from margin.flow.cap_zones import Measured
from margin.flow.client_sums import Rows, exactly_in_doubt, summed_by
from margin.flow.part_caps import signed
from margin.flow.sweep import Swept


@dataclass(frozen=True, slots=True)
class Groups:
    """Accounts taken together: by account its group, and its rate to the currency of the cap."""

    of: Rows
    count: int
    rates: Floats


def whole_used(kind: WholeKind, swept: Swept, groups: Groups) -> Measured:
    """While a price of a group is in doubt, nothing is known of it."""
    used = USED[kind](swept, groups)
    used.amount[groups.of[swept.doubt.bounded]] = np.nan
    used.amount[groups.of[exactly_in_doubt(swept)]] = np.nan
    return used


def _held(swept: Swept, groups: Groups) -> tuple[Rows, Floats, Floats]:
    """By position: its group, its notional and what it is signed."""
    account = swept.room.figures.owners[swept.roster.pool_of]
    rates = groups.rates[account]
    return groups.of[account], swept.held.notional * rates, signed(swept) * rates


def _share(amount: Floats, of: Floats, gross: Floats) -> Measured:
    per = np.where(of == 0.0, 1.0, of)
    return Measured(amount, per, gross, per, np.zeros(len(amount)), per_equity=False)


def _one_asset(swept: Swept, groups: Groups) -> Measured:
    assets = [own.asset for own in swept.warm.tables.instruments]
    rank = {asset: k for k, asset in enumerate(sorted(set(assets)))}
    asset_of = np.array([rank[asset] for asset in assets], dtype=np.int64)
    group, notional, _ = _held(swept, groups)
    pairs, pair = np.unique(group * len(rank) + asset_of[swept.warm.columns.instrument], return_inverse=True)
    largest = np.zeros(groups.count)
    np.maximum.at(largest, pairs // max(1, len(rank)), summed_by(pair, notional, len(pairs)))
    gross = summed_by(group, notional, groups.count)
    return _share(largest, gross, gross)


def _one_way(swept: Swept, groups: Groups) -> Measured:
    betas = np.array([float(own.loading) for own in swept.warm.tables.instruments])
    beta = betas[swept.warm.columns.instrument]
    group, notional, net = _held(swept, groups)
    gross = summed_by(group, np.abs(beta) * notional, groups.count)
    known = summed_by(groups.of, groups.rates * 0.0, groups.count)
    return _share(np.abs(summed_by(group, beta * net, groups.count)) + known, gross, gross)


def _worst_loss(swept: Swept, groups: Groups) -> Measured:
    account = swept.room.figures.owners[swept.roster.pool_of]
    group, notional, _ = _held(swept, groups)
    worst, one = np.zeros(groups.count), np.ones(groups.count)
    np.maximum.at(worst, group, -swept.held.profit * groups.rates[account])
    gross = summed_by(group, notional, groups.count) + worst
    return Measured(worst, one, gross, one, np.zeros(groups.count), per_equity=False)


def _collateral(swept: Swept, groups: Groups) -> Measured:
    """Nothing, give or take everything where somebody owns what can fall."""
    tables, columns = swept.warm.tables, swept.warm.columns
    falls = np.array([bool(tables.terms[code].loading) for code in tables.rules.assets])
    own = np.array([tables.rules.assets.index(code) for code in tables.bases], dtype=np.int64)
    pool = np.repeat(np.arange(columns.pool_count), np.diff(columns.balance_start))
    asset = columns.balance_asset
    owner = swept.room.figures.owners[pool[falls[asset] & (asset != own[columns.pool_base[pool]])]]
    slack, one = np.zeros(groups.count), np.ones(groups.count)
    slack[groups.of[owner]] = np.inf
    known = summed_by(groups.of, groups.rates * 0.0, groups.count)
    return Measured(known, one, one, one, slack, per_equity=False)


USED: Mapping[WholeKind, Callable[[Swept, Groups], Measured]] = {
    WholeKind.ONE_ASSET: _one_asset,
    WholeKind.ONE_WAY: _one_way,
    WholeKind.WORST_LOSS: _worst_loss,
    WholeKind.COLLATERAL: _collateral,
}
