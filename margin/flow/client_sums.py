"""Clients of a large shard over all their sub-accounts, in columns.

Takes a sweep and caps; gives the ground that every use of a cap is told from: sums by client in the currency
of its desk, NaN where a part or its rate is not sure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.engine.columns import Floats
from margin.flow.sweep import Swept

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


def sure_rates(swept: Swept) -> Floats:
    """By account, from its base to its desk's currency; NaN where that is not sure."""
    tables, columns = swept.warm.tables, swept.warm.columns
    by_desk = np.full((len(tables.bases), len(tables.desks)), np.nan)
    for b, base in enumerate(tables.bases):
        for d, desk in enumerate(tables.desks):
            rate = swept.markets.rates.rate(base, swept.book.rules.desks[desk].currency)
            if rate.value is not None and not rate.state.in_doubt:
                by_desk[b, d] = float(rate.value)
    first = columns.account_start[:-1]
    return by_desk[columns.pool_base[first], columns.pool_desk[first]]


@dataclass(frozen=True, slots=True)
class ClientSums:
    """By client, in its desk's currency; `rates` take each account's figures there.

    `scale` is what equity was added up from, `slack` how far prices in doubt may take any of them. NaN: some
    part is unknown.
    """

    rates: Floats
    gross: Floats
    net: Floats
    equity: Floats
    scale: Floats
    slack: Floats
    holds: Flags


def summed_by(groups: Rows, figures: Floats, count: int = 0) -> Floats:
    """In the order of rows, so that equal inputs give equal bits."""
    return np.asarray(np.bincount(groups, figures, minlength=count), dtype=np.float64)


def sums_of_clients(swept: Swept) -> ClientSums:
    totals, roster = swept.totals, swept.roster
    count, rates = len(roster.clients), sure_rates(swept)

    def summed(figures: Floats) -> Floats:
        return summed_by(roster.client_of, figures * rates, count)

    return ClientSums(
        rates,
        summed(totals.gross),
        summed(totals.net),
        summed(totals.equity),
        summed(np.abs(totals.equity) + totals.gross),
        summed(swept.doubt.slack),
        np.bincount(roster.client_of, roster.counts, minlength=count) > 0,
    )


@dataclass(frozen=True, slots=True)
class Ground:
    """Of `doubtful` clients only the exact engine knows what holds over whole guard bands."""

    swept: Swept
    caps: Caps
    sums: ClientSums
    doubtful: Flags


def ground_of(swept: Swept, caps: Caps) -> Ground:
    doubtful = np.zeros(len(swept.roster.clients), dtype=np.bool_)
    doubtful[swept.roster.client_of[exactly_in_doubt(swept)]] = True
    return Ground(swept, caps, sums_of_clients(swept), doubtful)


def exactly_in_doubt(swept: Swept) -> list[int]:
    """Rows of accounts measured exactly that rest on a price in doubt or have no figures."""
    every = swept.exact.items()
    return [row for row, one in every if one.figures.bounded or one.figures.unknown_because]
