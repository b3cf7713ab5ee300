"""A desk's part in one shard: sums and counts in its reporting currency, for roll-ups over shards.

Takes the figures of a run; gives one part per desk. What is unknown, or has no rate to the reporting
currency, is left out of the sums and counted: a sum that hides it would look better than it is.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from margin.book.packed import text_of_units
from margin.engine import shown
from margin.engine.book_shown import units_of
from margin.engine.figures import AccountFigures, Level
from margin.engine.rational import Fraction
from margin.engine.types import ZERO
from margin.flow.recompute import Computed, Measured
from margin.flow.sweep import Swept

DOWN = ("equity", "net")
UP = ("initial", "maintenance", "house_maintenance", "gross")


def desk_parts(computed: Computed) -> dict[str, dict[str, Any]]:
    """One part for every desk with a client in the shard, by code."""
    rules = computed.book.rules
    desks = sorted({client.desk_id for client in rules.clients.values()})
    members: dict[int, list[Measured]] = {desk_id: [] for desk_id in desks}
    for measured in computed.accounts.values():
        members[rules.desk_of(measured.fact).id].append(measured)
    return {rules.desks[desk_id].code: _part(computed, desk_id, members[desk_id]) for desk_id in desks}


def desk_parts_of_columns(swept: Swept) -> dict[str, dict[str, Any]]:
    """The same of a large shard. What a sum rests on is only wrong in digits beyond those shown."""
    rules, roster = swept.book.rules, swept.roster
    carried = {rules.clients[client.id].desk_id for client in roster.clients}
    return {
        rules.desks[desk_id].code: _part_of_columns(swept, row, desk_id)
        for row, desk_id in sorted(enumerate(swept.warm.tables.desks), key=lambda one: one[1])
        if desk_id in carried
    }


def _part_of_columns(swept: Swept, row: int, desk_id: int) -> dict[str, Any]:
    rules, roster, totals = swept.book.rules, swept.roster, swept.totals
    currency = rules.desks[desk_id].currency
    own = np.flatnonzero(roster.desk_of == row)
    rates = np.array([_rate(swept, base, currency) for base in swept.warm.tables.bases])
    rate = rates[swept.warm.columns.pool_base[swept.warm.columns.account_start[own]]]
    known = ~np.isnan(rate) & ~np.isnan(totals.equity[own]) & (totals.level[own] != Level.UNKNOWN)
    own, rate = own[known], rate[known]
    named = (totals.equity, totals.net, totals.initial, totals.maintenance, totals.house, totals.gross)
    sums = {name: float((figure[own] * rate).sum()) for name, figure in zip((*DOWN, *UP), named, strict=True)}
    places = np.array([rules.scales[currency]])
    scale = np.array([float(((np.abs(totals.equity[own]) + totals.gross[own]) * rate).sum())])

    def shown_as(name: str, *, up: bool) -> str:
        units = units_of(np.array([sums[name]]), scale, places, up=up)
        return text_of_units(int(units[0]), int(places[0])) or f"{sums[name]:f}"

    everybody = roster.desk_of == row
    levels = np.bincount(totals.level[everybody], minlength=len(Level)).tolist()
    held = [swept.warm.tables.instruments[k].code for k in roster.held_by_desk[row]]
    times = [swept.pinned[code].time for code in held if code in swept.pinned]
    return {
        "currency": currency,
        "clients": sum(client.desk_id == desk_id for client in roster.clients),
        "accounts": int(everybody.sum()),
        "positions": int(roster.counts[everybody].sum()),
        "unknown": int(everybody.sum()) - len(own),
        "levels": {level.word: levels[level] for level in Level},
        **{name: shown_as(name, up=False) for name in DOWN},
        **{name: shown_as(name, up=True) for name in UP},
        "oldest_price": min((time.isoformat() for time in times if time is not None), default=None),
    }


def _rate(swept: Swept, base: str, currency: str) -> float:
    value = swept.markets.rates.rate(base, currency).value
    return np.nan if value is None else float(value)


def _part(computed: Computed, desk_id: int, members: list[Measured]) -> dict[str, Any]:
    rules = computed.book.rules
    currency = rules.desks[desk_id].currency
    sums, unknown = _sums(computed, currency, members)
    levels = Counter(measured.figures.level.word for measured in members)
    held = {row.instrument for measured in members for row in measured.figures.positions}
    times = [computed.pinned[code].time for code in held if code in computed.pinned]
    places = rules.scales[currency]
    return {
        "currency": currency,
        "clients": sum(client.desk_id == desk_id for client in rules.clients.values()),
        "accounts": len(members),
        "positions": sum(len(measured.figures.positions) for measured in members),
        "unknown": unknown,
        "levels": {level.word: levels[level.word] for level in Level},
        **{name: f"{shown.down(sums[name], places):f}" for name in DOWN},
        **{name: f"{shown.up(sums[name], places):f}" for name in UP},
        "oldest_price": min((time.isoformat() for time in times if time is not None), default=None),
    }


def _sums(computed: Computed, currency: str, members: list[Measured]) -> tuple[Mapping[str, Fraction], int]:
    sums = dict.fromkeys((*DOWN, *UP), ZERO)
    unknown = 0
    for measured in members:
        rate = computed.markets.rates.rate(measured.fact.base, currency).value
        own = _known(measured.figures)
        if rate is None or own is None:
            unknown += 1
            continue
        for name, value in own.items():
            sums[name] += value * rate
    return sums, unknown


def _known(figures: AccountFigures) -> dict[str, Fraction] | None:
    """None too where the level is unknown: its sums are those of one end of a band, and no row shows them."""
    if figures.level is Level.UNKNOWN:
        return None
    own = {name: getattr(figures, name) for name in (*DOWN, *UP)}
    return None if None in own.values() else own
