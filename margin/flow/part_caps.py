"""Caps on parts of a large book, in columns: on instruments, on asset classes, and on single legs.

Takes a sweep, caps and sums of clients; gives a `Uses` for each rule.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from margin.engine.columns import Floats
from margin.engine.kernels import EQUITY, GROSS
from margin.engine.limits import WARNS_AT, Cap
from margin.engine.measures import MEASURES, LimitKind
from margin.engine.types import Kind
from margin.flow.binding_caps import Binding, binding_of
from margin.flow.cap_findings import KINDS
from margin.flow.cap_zones import UNSURE, Measured, Uses, measured_by, zones_of
from margin.flow.client_sums import Ground, Rows, summed_by
from margin.flow.sweep import Swept
from margin.models import Breach


@dataclass(frozen=True, slots=True)
class Parts:
    """What caps of one rule are set upon: by instrument its part, and by client where to find its caps."""

    kind: LimitKind
    rule: str
    names: Sequence[str]
    part_of: Rows
    place_of: Sequence[int]
    bound: Sequence[Mapping[str, Cap]]

    def cap(self, client: int, part: int) -> Cap:
        return self.bound[self.place_of[client]][self.names[part]]


@dataclass(frozen=True, slots=True)
class _Held:
    """Positions in capped parts: `rows` of them, each with its pool, account and client."""

    rows: Rows
    pool: Rows
    account: Rows
    client: Rows
    part: Rows
    limit: Floats
    warn_at: Floats


def uses_of_parts(kind: LimitKind, ground: Ground) -> Iterator[Uses]:
    """Over a pool's equity what is measured by equity, any other kind of all that a client holds of it."""
    for parts in (_instruments(kind, ground), _asset_classes(kind, ground)):
        if not any(parts.bound):
            continue
        held = _capped_positions(parts, ground.swept)
        use = _in_each_pool if MEASURES[kind].per_equity else _in_all
        yield use(parts, held, ground)


def _instruments(kind: LimitKind, ground: Ground) -> Parts:
    swept, caps = ground.swept, ground.caps
    codes = [own.code for own in swept.warm.tables.instruments]
    clients = swept.roster.clients
    places = _places([client.desk_id for client in clients])
    bound = [caps.of_instruments(kind, clients[k].desk_id) for k in places[0]]
    return Parts(kind, KINDS[kind].instrument, codes, np.arange(len(codes)), places[1], bound)


def _asset_classes(kind: LimitKind, ground: Ground) -> Parts:
    swept, caps = ground.swept, ground.caps
    classes = [own.cap_class for own in swept.warm.tables.instruments]
    names, clients = sorted(set(classes)), swept.roster.clients
    places = _places([(client.desk_id, client.regulatory_class) for client in clients])
    bound = [caps.of_asset_classes(kind, clients[k]) for k in places[0]]
    part_of = np.array([names.index(own) for own in classes], dtype=np.int64)
    return Parts(kind, KINDS[kind].asset_class, names, part_of, places[1], bound)


def _places(keys: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """The first client of each key, and by client its place among them."""
    first: dict[Hashable, int] = {}
    for k, key in enumerate(keys):
        first.setdefault(key, k)
    place = {key: k for k, key in enumerate(first)}
    return list(first.values()), [place[key] for key in keys]


def _capped_positions(parts: Parts, swept: Swept) -> _Held:
    limit = np.full((len(parts.bound), len(parts.names)), np.nan)
    warn_at = np.ones_like(limit)
    row_of = {name: row for row, name in enumerate(parts.names)}
    for place, bound in enumerate(parts.bound):
        for name, cap in bound.items():
            if name in row_of:
                limit[place, row_of[name]], warn_at[place, row_of[name]] = (
                    float(cap.limit),
                    float(cap.warn_at),
                )
    account_of = swept.room.figures.owners[swept.roster.pool_of].astype(np.int64)
    client_of = swept.roster.client_of[account_of]
    part_of = parts.part_of[swept.warm.columns.instrument]
    own = (np.array(parts.place_of)[client_of], part_of)
    rows = np.flatnonzero(~np.isnan(limit[own]))
    pools = swept.roster.pool_of[rows]
    return _Held(
        rows, pools, account_of[rows], client_of[rows], part_of[rows], limit[own][rows], warn_at[own][rows]
    )


def _in_each_pool(parts: Parts, held: _Held, ground: Ground) -> Uses:
    swept = ground.swept
    group, first = _groups(held.pool * len(parts.names) + held.part)
    pool, account = held.pool[first], held.account[first]
    figures = swept.room.figures.found.figures
    used = measured_by(
        parts.kind,
        gross=summed_by(group, swept.held.notional[held.rows]),
        net=summed_by(group, signed(swept)[held.rows]),
        equity=figures[pool, EQUITY],
        scale=np.abs(figures[pool, EQUITY]) + figures[pool, GROSS],
        slack=swept.doubt.slack[account],
    )
    names = [parts.names[part] for part in held.part[first].tolist()]
    return _uses(
        parts, held, first, used, ground,
        subject=_pool_subject(swept, pool, account, names), concerned=(np.arange(len(first)), account),
    )  # fmt: skip


def _in_all(parts: Parts, held: _Held, ground: Ground) -> Uses:
    swept = ground.swept
    group, first = _groups(held.client * len(parts.names) + held.part)
    rates, one = ground.sums.rates[held.account], np.ones(len(first))
    used = measured_by(
        parts.kind,
        gross=summed_by(group, swept.held.notional[held.rows] * rates),
        net=summed_by(group, signed(swept)[held.rows] * rates),
        equity=one,
        scale=one,
        slack=ground.sums.slack[held.client[first]],
    )
    names = [parts.names[part] for part in held.part[first].tolist()]
    return _uses(
        parts, held, first, used, ground,
        subject=_client_subject(swept, held.client[first], names), concerned=(group, held.account),
    )  # fmt: skip


def _uses(
    parts: Parts,
    held: _Held,
    first: Rows,
    used: Measured,
    ground: Ground,
    *,
    subject: Callable[[int], str],
    concerned: tuple[Rows, Rows],
) -> Uses:
    client, part = held.client[first], held.part[first]
    zones = zones_of(used, held.limit[first], held.warn_at[first])
    zones[ground.doubtful[client]] = UNSURE

    def cap_of(k: int) -> Binding:
        return binding_of(parts.kind, parts.cap(int(client[k]), int(part[k])), ground.caps)

    return Uses(parts.rule, zones, cap_of, client, subject, concerned)


def signed(swept: Swept) -> Floats:
    """Notional by position: of what is owed, below zero."""
    columns, marks = swept.warm.columns, swept.quotes.marks
    return swept.held.notional * np.sign(columns.size) * np.sign(marks[columns.instrument])


def _pool_subject(swept: Swept, pool: Rows, account: Rows, names: Sequence[str]) -> Callable[[int], str]:
    return lambda k: (
        f"account:{swept.roster.facts[account[k]].code}/{swept.warm.pool_name(int(pool[k]))}/{names[k]}"
    )


def _client_subject(swept: Swept, client: Rows, names: Sequence[str]) -> Callable[[int], str]:
    return lambda k: f"client:{swept.roster.clients[client[k]].code}/{names[k]}"


def _groups(keys: Rows) -> tuple[Rows, Rows]:
    """By row its group, and by group its first row."""
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return group, first


def uses_of_legs(ground: Ground) -> Iterator[Uses]:
    """The cap of a schedule's last tier, asked of each leg in its settlement currency."""
    swept = ground.swept
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
    used = Measured(amount, ones, amount, ones, np.zeros(len(first)), per_equity=False)
    zones = zones_of(used, limit[instrument[first]], ones * float(WARNS_AT))
    account = swept.room.figures.owners[pool[first]].astype(np.int64)
    client = swept.roster.client_of[account]
    zones[ground.doubtful[client] | swept.quotes.doubt[instrument[first]]] = UNSURE
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
