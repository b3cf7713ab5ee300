"""Caps on parts of a large book, in columns: on instruments, and on single legs.

Takes a sweep, caps and sums of clients; gives a `Uses` for each rule.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.engine.columns import Floats
from margin.engine.kernels import EQUITY, GROSS
from margin.engine.measures import MEASURES, LimitKind
from margin.engine.types import Kind
from margin.flow.binding_caps import Binding, binding_of
from margin.flow.cap_findings import KINDS
from margin.flow.cap_zones import UNSURE, Measured, Uses, measured_by, zones_of
from margin.flow.client_sums import ClientSums, Rows, summed_by
from margin.flow.sweep import Swept
from margin.models import Breach


@dataclass(frozen=True, slots=True)
class _Held:
    """Positions in capped instruments: `rows` of them, each with pool, account and signed share."""

    rows: Rows
    pool: Rows
    account: Rows
    instrument: Rows
    limit: Floats
    warn_at: Floats


def uses_of_instruments(
    kind: LimitKind, swept: Swept, caps: Caps, sums: ClientSums, doubtful: NDArray[np.bool_]
) -> Iterator[Uses]:
    held = _capped_positions(kind, swept, caps)
    if held is None:
        return
    codes = [instrument.code for instrument in swept.warm.tables.instruments]
    notional = swept.held.notional[held.rows]
    signed = (
        notional * np.sign(swept.warm.columns.size[held.rows]) * np.sign(swept.quotes.marks[held.instrument])
    )
    if MEASURES[kind].per_equity:
        group, first = _groups(held.pool * len(codes) + held.instrument)
        pool, account = held.pool[first], held.account[first]
        figures = swept.room.figures.found.figures
        gross, net = summed_by(group, notional), summed_by(group, signed)
        equity = figures[pool, EQUITY]
        scale = np.abs(equity) + figures[pool, GROSS]
        slack = swept.doubt.slack[account]
        subject = _pool_subject(swept, pool, account, [codes[i] for i in held.instrument[first]])
        concerned = (np.arange(len(first)), account)
        client = swept.roster.client_of[account]
    else:
        client_of = swept.roster.client_of[held.account]
        group, first = _groups(client_of * len(codes) + held.instrument)
        rates = sums.rates[held.account]
        gross, net = summed_by(group, notional * rates), summed_by(group, signed * rates)
        equity = scale = np.ones(len(first))
        client = client_of[first]
        slack = sums.slack[client]
        names = [codes[i] for i in held.instrument[first]]
        subject = _client_subject(swept, client, names)
        concerned = (group, held.account)
    used = measured_by(kind, gross=gross, net=net, equity=equity, scale=scale, slack=slack)
    zones = zones_of(used, held.limit[first], held.warn_at[first])
    zones[doubtful[client]] = UNSURE
    instruments, clients = held.instrument[first], swept.roster.clients

    def cap_of(k: int) -> Binding:
        own = caps.of_instruments(kind, clients[client[k]].desk_id)[codes[instruments[k]]]
        return binding_of(kind, own, caps)

    yield Uses(KINDS[kind].instrument, zones, cap_of, client, subject, concerned)


def _pool_subject(swept: Swept, pool: Rows, account: Rows, names: Sequence[str]) -> Callable[[int], str]:
    return lambda k: (
        f"account:{swept.roster.facts[account[k]].code}/{swept.warm.pool_name(int(pool[k]))}/{names[k]}"
    )


def _client_subject(swept: Swept, client: Rows, names: Sequence[str]) -> Callable[[int], str]:
    return lambda k: f"client:{swept.roster.clients[client[k]].code}/{names[k]}"


def _capped_positions(kind: LimitKind, swept: Swept, caps: Caps) -> _Held | None:
    tables, columns = swept.warm.tables, swept.warm.columns
    row_of = {instrument.code: row for row, instrument in enumerate(tables.instruments)}
    limit = np.full((len(tables.desks), len(tables.instruments)), np.nan)
    warn_at = np.ones_like(limit)
    for d, desk in enumerate(tables.desks):
        for code, cap in caps.of_instruments(kind, desk).items():
            limit[d, row_of[code]], warn_at[d, row_of[code]] = float(cap.limit), float(cap.warn_at)
    if np.isnan(limit).all():
        return None
    pool_of = swept.roster.pool_of
    desk_of = columns.pool_desk[pool_of]
    rows = np.flatnonzero(~np.isnan(limit[desk_of, columns.instrument]))
    pool, instrument = pool_of[rows], columns.instrument[rows].astype(np.int64)
    account = swept.room.figures.owners[pool].astype(np.int64)
    place = (desk_of[rows], instrument)
    return _Held(rows, pool, account, instrument, limit[place], warn_at[place])


def _groups(keys: Rows) -> tuple[Rows, Rows]:
    """By row its group, and by group its first row."""
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return group, first


def uses_of_legs(swept: Swept, doubtful: NDArray[np.bool_]) -> Iterator[Uses]:
    """The cap of a schedule's last tier, asked of each leg in its settlement currency."""
    tables, columns = swept.warm.tables, swept.warm.columns
    schedule_caps = [instrument.schedule.cap for instrument in tables.instruments]
    limit = np.array([np.nan if cap is None else float(cap) for cap in schedule_caps])
    rows = np.flatnonzero(~np.isnan(limit[columns.instrument]))
    if not len(rows):
        return
    unit = _units(swept)
    pool = swept.roster.pool_of[rows]
    instrument, short = columns.instrument[rows].astype(np.int64), columns.size[rows] < 0
    group, first = _groups((pool * len(limit) + instrument) * 2 + short)
    amount = summed_by(group, np.abs(columns.size[rows]) * unit[instrument])
    ones = np.ones(len(first))
    used = Measured(amount, ones, ones, np.zeros(len(first)), per_equity=False)
    zones = zones_of(used, limit[instrument[first]], ones * 0.8)
    account = swept.room.figures.owners[pool[first]].astype(np.int64)
    client = swept.roster.client_of[account]
    zones[doubtful[client] | swept.quotes.doubt[instrument[first]]] = UNSURE
    names = [
        f"{tables.instruments[i].code}/{'short' if side else 'long'}"
        for i, side in zip(instrument[first].tolist(), short[first].tolist(), strict=True)
    ]
    subject = _pool_subject(swept, pool[first], account, names)
    yield Uses(
        Breach.Rule.POSITION_LIMIT,
        zones,
        lambda k: (float(limit[instrument[first[k]]]), None),
        client,
        subject,
        (np.arange(len(first)), account),
    )


def _units(swept: Swept) -> Floats:
    """Notional of one unit of size, in settlement currency."""
    marks, rules = swept.quotes.marks, swept.warm.tables.rules
    inverse = np.array([own.kind is Kind.INVERSE for own in swept.warm.tables.instruments])
    with np.errstate(divide="ignore", invalid="ignore"):
        priced = np.where(inverse, 1.0 / marks, np.maximum(np.abs(marks), rules.reference))
    priced[(marks <= 0.0) & ~rules.may_be_negative] = np.nan
    return priced
