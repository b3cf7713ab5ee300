"""Caps of a large shard: what everybody uses of every cap asked of them, in columns.

Takes a sweep and the caps; gives a `Uses` for each rule: by subject in which zone of its cap it lies. What
float64 cannot tell from a line is `UNSURE`, and asked exactly by whoever needs it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.book.facts import ClientFact
from margin.engine.book_accounts import AccountColumns
from margin.engine.breach import BreachPolicy
from margin.engine.kernels import CLOSE, EQUITY, GROSS
from margin.engine.limits import Cap, tightest
from margin.engine.measures import MEASURES, LimitKind
from margin.engine.types import Kind
from margin.flow.cap_findings import KINDS, REQUIRED
from margin.flow.sweep import Swept
from margin.models import Breach

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

INSIDE, ROOM, WARNED, TOP, WARNED_TOP, OVER, UNKNOWN, MISSING, UNSURE = range(9)
"""Well inside; below its warning; warned; above what would cure a breach, warned or not; above the cap; not
known; no cap though one is required; too near a line for float64."""
POLICY = BreachPolicy()


Binding = tuple[float | None, int | None]
"""The value of a cap, and the version of the limit behind it, if one is."""


@dataclass(frozen=True, slots=True)
class Uses:
    """One rule asked of many subjects: `zones` and whose client each is.

    `subject` names one and `cap` says what binds it, on request. `accounts` pairs a subject with each row of
    an account that it concerns.
    """

    rule: str
    zones: NDArray[np.uint8]
    cap: Callable[[int], Binding]
    client: Rows
    subject: Callable[[int], str]
    accounts: tuple[Rows, Rows]


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
    holds: NDArray[np.bool_]


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
class Measured:
    """What is used of what, and by how much prices in doubt may change each. `scale`: see `ClientSums`."""

    amount: Floats
    per: Floats
    scale: Floats
    slack: Floats
    per_equity: bool


def zones_of(used: Measured, limit: Floats, warn_at: Floats) -> NDArray[np.uint8]:
    """Sure of every digit, and of every price that the guard bands allow."""
    amount, per = used.amount, used.per
    whole = limit * per
    cure, leave = float(POLICY.cured_at), float(POLICY.leave_warning_below)
    found = np.full(len(amount), INSIDE, dtype=np.uint8)
    found[amount >= leave * whole] = ROOM
    found[(amount > cure * whole) & (found == ROOM)] = TOP
    warned = amount >= warn_at * whole
    found[warned] = WARNED
    found[warned & (amount > cure * whole)] = WARNED_TOP
    found[amount > whole] = OVER
    found[per <= 0.0] = OVER
    width = CLOSE * (np.abs(amount) + limit * used.scale)
    for share in (1.0, warn_at, cure, leave):
        found[np.abs(share * whole - amount) <= width] = UNSURE
    found[np.abs(per) <= CLOSE * used.scale] = UNSURE
    found[amount == 0.0] = INSIDE
    least = per - used.slack if used.per_equity else per
    calm = (found == INSIDE) & (warn_at * limit * least > amount + used.slack)
    found[(used.slack > 0.0) & ~calm] = UNSURE
    found[np.isnan(amount) | np.isnan(per)] = UNKNOWN
    return found


def _against(
    kind: LimitKind, *, gross: Floats, net: Floats, equity: Floats, scale: Floats, slack: Floats
) -> Measured:
    per_equity = MEASURES[kind].per_equity
    one = np.ones(len(gross))
    amount = np.abs(net) if kind is LimitKind.NET else gross
    return Measured(amount, equity if per_equity else one, scale if per_equity else one, slack, per_equity)


def cap_uses(swept: Swept, caps: Caps, sums: ClientSums) -> list[Uses]:
    """Every cap in force, of everybody it applies to."""
    doubtful = _doubtful_clients(swept)
    found: list[Uses] = []
    for kind in KINDS:
        found += _of_clients(kind, swept, caps, sums, doubtful)
        found += _of_accounts(kind, swept, caps, sums, doubtful)
        found += _of_instruments(kind, swept, caps, sums, doubtful)
    found += _of_legs(swept, doubtful)
    return found


def _doubtful_clients(swept: Swept) -> NDArray[np.bool_]:
    """Of whom something is only known exactly: the exact engine says what holds at every end of a band."""
    found = np.zeros(len(swept.roster.clients), dtype=np.bool_)
    for row, measured in swept.exact.items():
        if measured.figures.bounded or measured.figures.unknown_because:
            found[swept.roster.client_of[row]] = True
    return found


def binding_caps(kind: LimitKind, caps: Caps, clients: Sequence[ClientFact]) -> tuple[list[Cap], Rows]:
    """The tightest cap of each client, by its row among the caps; -1 for none."""
    rows: dict[Cap, int] = {}
    known: dict[tuple[object, ...], int] = {}
    own = {limit.client_id for limit in caps.by_place.values() if limit.kind is kind}
    found = np.empty(len(clients), dtype=np.int64)
    for k, client in enumerate(clients):
        place = (client.desk_id, client.regulatory_class, client.id if client.id in own else None)
        if place not in known:
            cap = tightest(caps.of_client(kind, client))
            known[place] = -1 if cap is None else rows.setdefault(cap, len(rows))
        found[k] = known[place]
    return list(rows), found


def own_caps(kind: LimitKind, swept: Swept, caps: Caps) -> dict[int, Cap]:
    """Caps of single sub-accounts, by row."""
    owners = sorted({limit.sub_account_id for limit in caps.by_place.values() if limit.sub_account_id})
    found = {}
    for account_id in owners:
        row = swept.warm.rows_of_ids.get(account_id)
        cap = None if row is None else caps.of_account(kind, swept.book.rules.accounts[account_id])
        if row is not None and cap is not None:
            found[row] = cap
    return found


def _table(caps: Sequence[Cap], rows: Rows) -> tuple[Floats, Floats]:
    limits = np.array([*(float(cap.limit) for cap in caps), np.nan])
    warns = np.array([*(float(cap.warn_at) for cap in caps), np.nan])
    return limits[rows], warns[rows]


def _of_clients(
    kind: LimitKind, swept: Swept, caps: Caps, sums: ClientSums, doubtful: NDArray[np.bool_]
) -> Iterator[Uses]:
    found, rows = binding_caps(kind, caps, swept.roster.clients)
    limit, warn_at = _table(found, rows)
    used = _against(
        kind, gross=sums.gross, net=sums.net, equity=sums.equity, scale=sums.scale, slack=sums.slack
    )
    zones = zones_of(used, limit, warn_at)
    zones[doubtful & (rows >= 0)] = UNSURE
    accounts = np.flatnonzero(sums.holds[swept.roster.client_of] & (swept.roster.counts > 0))
    capped = np.flatnonzero(rows >= 0)
    place = np.full(len(rows), -1, dtype=np.int64)
    place[capped] = np.arange(len(capped))
    of = place[swept.roster.client_of[accounts]]
    yield Uses(
        KINDS[kind].client,
        zones[capped],
        lambda k: _binding(kind, found[rows[capped[k]]], caps),
        capped,
        lambda k: f"client:{swept.roster.clients[capped[k]].code}",
        (of[of >= 0], accounts[of >= 0]),
    )
    if kind is REQUIRED:
        bare = np.flatnonzero((rows < 0) & sums.holds)
        place[:] = -1
        place[bare] = np.arange(len(bare))
        of = place[swept.roster.client_of[accounts]]
        yield Uses(
            Breach.Rule.MISSING_CAP,
            np.full(len(bare), MISSING, dtype=np.uint8),
            lambda _: (None, None),
            bare,
            lambda k: f"client:{swept.roster.clients[bare[k]].code}",
            (of[of >= 0], accounts[of >= 0]),
        )


def _of_accounts(
    kind: LimitKind, swept: Swept, caps: Caps, sums: ClientSums, doubtful: NDArray[np.bool_]
) -> Iterator[Uses]:
    own = own_caps(kind, swept, caps)
    rows = np.array(sorted(own), dtype=np.int64)
    if not len(rows):
        return
    limit = np.array([float(own[row].limit) for row in rows.tolist()])
    warn_at = np.array([float(own[row].warn_at) for row in rows.tolist()])
    totals: AccountColumns = swept.totals
    rates = np.ones(len(rows)) if MEASURES[kind].per_equity else sums.rates[rows]
    gross, net, equity = totals.gross[rows], totals.net[rows], totals.equity[rows]
    used = _against(
        kind,
        gross=gross * rates,
        net=net * rates,
        equity=equity,
        scale=np.abs(equity) + gross,
        slack=swept.doubt.slack[rows] * rates,
    )
    zones = zones_of(used, limit, warn_at)
    zones[doubtful[swept.roster.client_of[rows]]] = UNSURE
    yield Uses(
        KINDS[kind].sub_account,
        zones,
        lambda k: _binding(kind, own[int(rows[k])], caps),
        swept.roster.client_of[rows],
        lambda k: f"account:{swept.roster.facts[rows[k]].code}",
        (np.arange(len(rows)), rows),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """Positions in capped instruments: `rows` of them, each with pool, account and signed share."""

    rows: Rows
    pool: Rows
    account: Rows
    instrument: Rows
    limit: Floats
    warn_at: Floats


def _of_instruments(
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
    used = _against(kind, gross=gross, net=net, equity=equity, scale=scale, slack=slack)
    zones = zones_of(used, held.limit[first], held.warn_at[first])
    zones[doubtful[client]] = UNSURE
    instruments, clients = held.instrument[first], swept.roster.clients

    def cap_of(k: int) -> Binding:
        own = caps.of_instruments(kind, clients[client[k]].desk_id)[codes[instruments[k]]]
        return _binding(kind, own, caps)

    yield Uses(KINDS[kind].instrument, zones, cap_of, client, subject, concerned)


def _binding(kind: LimitKind, cap: Cap, caps: Caps) -> Binding:
    return float(cap.limit), caps.limit_ids.get((kind, cap.name))


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


def _of_legs(swept: Swept, doubtful: NDArray[np.bool_]) -> Iterator[Uses]:
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
