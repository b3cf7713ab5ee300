"""A large shard's figures as they will be read: packed columns, rounded once, with the hash of a replay.

Takes a sweep and the caps; gives the frame's columns. Rounding is that of `show`; a row that was measured
exactly, and one whose rounding would show a relation that does not hold, is written by `show` itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS, Places
from margin.book.packed import (
    Packed,
    bytes_of,
    packed_blanks,
    packed_flags,
    packed_named,
    packed_units,
    packed_words,
    version_of,
)
from margin.book.read import MISSING as NO_CAP
from margin.book.read import NEAR
from margin.book.read import OVER as OVER_CAP
from margin.engine import shown
from margin.engine.book_shown import NONE, shocks_of, units_of
from margin.engine.figures import Level
from margin.engine.limits import Cap
from margin.engine.measures import LimitKind
from margin.engine.rational import Fraction
from margin.engine.risk import Risk
from margin.flow.cap_columns import (
    MISSING,
    OVER,
    UNKNOWN,
    UNSURE,
    WARNED,
    WARNED_TOP,
    ClientSums,
    Uses,
    binding_caps,
    own_caps,
)
from margin.flow.cap_findings import caps_of
from margin.flow.cap_states import UNKNOWN as NOT_KNOWN
from margin.flow.cap_states import WITHIN, cap_states
from margin.flow.cap_states import WORST_FIRST as CAP_STATES
from margin.flow.clients import measure_clients, nearest_cap, replace_accounts
from margin.flow.recompute import Computed
from margin.flow.show import AHEAD, RATE_PLACES, account_rows, plain, position_rows
from margin.flow.sweep import Swept

LEVELS = tuple(level.word for level in Level)
Floats = NDArray[np.float64]
STATE_OF_ZONE = np.full(UNSURE + 1, CAP_STATES.index(WITHIN))
for _zone, _word in (
    *((WARNED, NEAR), (WARNED_TOP, NEAR), (OVER, OVER_CAP), (MISSING, NO_CAP), (UNKNOWN, NOT_KNOWN)),
):
    STATE_OF_ZONE[_zone] = CAP_STATES.index(_word)


@dataclass(frozen=True, slots=True)
class LeverageCaps:
    """Of each account the leverage cap nearest to binding (-1: none), and its used share."""

    caps: Sequence[Cap]
    row: NDArray[np.int64]
    use: Floats


def leverage_caps(swept: Swept, caps: Caps, sums: ClientSums) -> LeverageCaps:
    """Of the client's tightest cap and the sub-account's own, the one used more; the unknown before any."""
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


def only(swept: Swept, rows: Sequence[int]) -> Computed:
    """These accounts as an exact run would have them."""
    accounts = {}
    for row in rows:
        account_id = int(swept.warm.ids[row])
        accounts[account_id] = swept.exact[row] if row in swept.exact else swept.accounts[account_id]
    return replace_accounts(swept, accounts)


@dataclass(frozen=True, slots=True)
class Exactly:
    """What the exact way says: rows of accounts and positions, and cap states by the id of the account."""

    accounts: Sequence[Mapping[str, Any]]
    positions: Sequence[Mapping[str, Any]]
    states: Mapping[int, str]


def exactly(swept: Swept, caps: Caps, uses: Sequence[Uses]) -> Exactly:
    """Of the accounts that were measured exactly, and of the clients whose caps columns cannot judge."""
    roster = swept.roster
    clients = {int(roster.client_of[row]) for row in swept.exact}
    clients.update(client for one in uses for client in one.client[one.zones == UNSURE].tolist())
    members = [row for client in sorted(clients) for row in roster.members_of(client)]
    of_clients = measure_clients(only(swept, members))
    measured = only(swept, sorted(swept.exact))
    nearest = {
        account_id: nearest_cap(one, of_clients[one.fact.client_id], caps)
        for account_id, one in measured.accounts.items()
    }
    found = cap_states(caps_of(of_clients, caps))
    states = {int(swept.warm.ids[row]): WITHIN for row in members} | found
    return Exactly(account_rows(measured, of_clients, nearest, states), position_rows(measured), states)


def states_of(swept: Swept, uses: Sequence[Uses], exact: Mapping[int, str]) -> NDArray[np.int64]:
    """By account, its worst word among `CAP_STATES`."""
    found = np.full(len(swept.roster.facts), CAP_STATES.index(WITHIN))
    for one in uses:
        subjects, accounts = one.accounts
        np.minimum.at(found, accounts, STATE_OF_ZONE[one.zones][subjects])
    for account_id, word in exact.items():
        found[swept.warm.rows_of_ids[account_id]] = CAP_STATES.index(word)
    return found


def account_columns(swept: Swept, leverage: LeverageCaps, states: NDArray[np.int64]) -> dict[str, Packed]:
    """Of all accounts, as float64 has them."""
    totals, roster, falls = swept.totals, swept.roster, swept.distances.falls
    thresholds = swept.warm.tables.rules.thresholds[roster.desk_of, :3]
    limits = np.array([*(float(cap.limit) for cap in leverage.caps), np.nan])[leverage.row]
    warns = np.array([*(float(cap.warn_at) for cap in leverage.caps), np.nan])[leverage.row]
    one = np.ones(len(warns))
    names = [*(cap.name for cap in leverage.caps), "missing"]
    values = [*(plain(cap.limit) for cap in leverage.caps), None]
    last = np.where(leverage.row < 0, len(leverage.caps), leverage.row)
    found = {
        **roster.accounts,
        **_money(swept),
        "utilisation": _share(totals.utilisation, [*thresholds.T, one]),
        "level": packed_words(LEVELS, totals.level),
        "bounded": packed_flags(swept.doubt.bounded),
        "unknown_because": packed_blanks(len(warns)),
        "binding_pool": _binding(swept),
        "leverage": _share(totals.leverage, [limits]),
        "cap": packed_words(values, last),
        "cap_name": packed_words(names, last),
        "cap_use": _share(leverage.use, [warns, one]),
        "cap_state": packed_words(CAP_STATES, states),
        "distance": _shock(_nearest(falls[:, :2])),
        "distance_down": _shock(falls[:, 0]),
        "distance_up": _shock(falls[:, 1]),
        "next_level": packed_words([*LEVELS[:-1], None], swept.distances.next_levels),
        "next": _shock(_nearest(falls[:, 2:])),
        "next_down": _shock(falls[:, 2]),
        "next_up": _shock(falls[:, 3]),
        **_oldest(swept),
    }
    return {name: found[name] for name in ACCOUNT_COLUMNS}


def _nearest(pair: Floats) -> Floats:
    return np.fmin(np.abs(pair[:, 0]), np.abs(pair[:, 1]))


def _shock(shocks: Floats) -> Packed:
    return packed_units(shocks_of(shocks, RATE_PLACES), RATE_PLACES)


def _money(swept: Swept) -> dict[str, Packed]:
    """Sums by account. Digits are carried where rounding would hide which side of a line equity is on."""
    totals, places = swept.totals, swept.roster.names.places
    scale = np.abs(totals.equity) + totals.gross
    equity = units_of(totals.equity, scale, places, up=False)
    required = (totals.initial, totals.maintenance, totals.house)
    units = [
        np.where(figure == totals.equity, equity, units_of(figure, scale, places, up=True))
        for figure in required
    ]
    found = {
        "equity": packed_units(equity, places),
        "initial": packed_units(units[0], places),
        "maintenance": packed_units(units[1], places),
        "house_maintenance": packed_units(units[2], places),
        "gross": packed_units(units_of(totals.gross, scale, places, up=True), places),
        "net": packed_units(units_of(totals.net, scale, places, up=False), places),
        "free_margin": packed_units(units_of(totals.free, scale, places, up=False), places),
    }
    wrong = np.zeros(len(equity), dtype=np.bool_)
    for figure, shown_as in zip(required, units, strict=True):
        wrong |= np.sign(totals.equity - figure) != np.sign(equity - shown_as)
    wrong |= np.sign(totals.house - totals.maintenance) != np.sign(units[2] - units[1])
    wrong &= equity != NONE
    for row in np.flatnonzero(wrong).tolist():
        exact = Risk(*(Fraction(float(figure[row])) for figure in (totals.equity, *required)))
        text = shown.risk(exact, int(places[row]))
        for name, number in zip(
            list(found)[:4], (text.equity, text.initial, text.maintenance, text.house), strict=True
        ):
            found[name].own[row] = f"{number:f}"
    return found


def _share(shares: Floats, lines: Sequence[Floats]) -> Packed:
    """Up, but on the side of every line on which it is."""
    ones = np.ones(len(shares))
    units = units_of(shares, np.abs(shares), np.full(len(shares), RATE_PLACES), up=True)
    found = packed_units(units, RATE_PLACES)
    wrong = np.zeros(len(shares), dtype=np.bool_)
    for line in lines:
        at = line * ones * 10.0**RATE_PLACES
        wrong |= np.sign(shares - line) != np.sign(units - at)
    wrong &= (units != NONE) & ~np.any(np.isnan(np.column_stack(lines)), axis=1)
    for row in np.flatnonzero(wrong).tolist():
        exact = [Fraction(repr(float(line[row]))) for line in lines]
        found.own[row] = f"{shown.share(Fraction(repr(float(shares[row]))), exact, RATE_PLACES):f}"
    return found


def _binding(swept: Swept) -> Packed:
    book, first = swept.warm, swept.warm.columns.account_start[:-1]
    pool = first + swept.totals.binding
    rows = np.where(book.pool_isolated[pool], book.pool_name_row[pool], -1)
    return packed_named(rows, book.pool_names, prefix="isolated:", none="cross", still=False)


def _oldest(swept: Swept) -> dict[str, Packed]:
    """When the oldest price that each account rests on is from, and how it stands."""
    prices = [swept.pinned[instrument.code] for instrument in swept.warm.tables.instruments]
    dated = [None if one.time is None else (one.time.isoformat(), one.state.value) for one in prices]
    each = sorted({one for one in dated if one is not None})
    rank = {one: k for k, one in enumerate(each)}
    never = len(each)
    of = np.array([never if one is None else rank[one] for one in dated], dtype=np.int64)
    oldest = np.full(len(swept.roster.facts), never, dtype=np.int64)
    some = swept.roster.counts > 0
    if some.any():
        starts = swept.roster.held[:-1][some]
        oldest[some] = np.minimum.reduceat(of[swept.warm.columns.instrument], starts)
    return {
        "price_time": packed_words([*(time for time, _ in each), None], oldest),
        "price_state": packed_words([*(state for _, state in each), None], oldest),
    }


def position_columns(swept: Swept) -> dict[str, Packed]:
    held, roster, book = swept.held, swept.roster, swept.warm
    places = roster.position_places
    scale = held.notional + np.abs(held.profit)
    marks = [swept.pinned[instrument.code].as_shown().mark for instrument in book.tables.instruments]
    found = {
        **roster.positions,
        "mark": packed_words([_marked(mark) for mark in marks], book.columns.instrument),
        "notional": packed_units(units_of(held.notional, scale, places, up=True), places),
        "unrealised_pnl": packed_units(units_of(held.profit, scale, places, up=False), places),
        "maintenance": packed_units(units_of(held.maintenance, scale, places, up=True), places),
        "liquidation_price": _liquidation(swept),
        "pool_level": packed_words(LEVELS, swept.room.figures.found.levels[roster.pool_of]),
    }
    return {name: found[name] for name in POSITION_COLUMNS}


def _marked(mark: str | None) -> str | None:
    return None if mark is None else plain(Fraction(mark))


def _liquidation(swept: Swept) -> Packed:
    """Towards the mark, and at the mark only where it is the mark."""
    guarded = swept.book.rules.guarded
    instruments, of = swept.warm.tables.instruments, swept.warm.columns.instrument
    places = np.array([guarded[instrument.code].price_places for instrument in instruments], dtype=np.uint8)[
        of
    ]
    prices, marks = swept.prices.prices, swept.quotes.marks[of]
    scale = 50.0 * (np.abs(prices) + np.abs(marks))
    up, down = units_of(prices, scale, places, up=True), units_of(prices, scale, places, up=False)
    units = np.where(prices < marks, up, down)
    found = packed_units(units, places)
    same = (units != NONE) & (prices != marks) & (units == np.rint(marks * 10.0**places))
    for row in np.flatnonzero(same).tolist():
        price, mark = Fraction(repr(float(prices[row]))), Fraction(repr(float(marks[row])))
        found.own[row] = f"{shown.price(price, mark, int(places[row])):f}"
    return found


def place_exact(
    swept: Swept, accounts: Mapping[str, Packed], positions: Mapping[str, Packed], exact: Exactly
) -> None:
    """What `show` said, beside the columns."""
    row_of = {swept.roster.facts[row].code: row for row in swept.exact}
    for row in exact.accounts:
        for name, value in row.items():
            skipped = TOLD_APART if row_of[row["account"]] in swept.far else NOT_FAR
            if name in accounts and not accounts[name].still and name not in skipped:
                accounts[name].own[row_of[row["account"]]] = value
    refs = {
        (swept.roster.facts[row].code, swept.warm.refs[p]): p
        for row in swept.exact
        for p in swept.warm.held_by(int(swept.warm.ids[row]))
    }
    for row in exact.positions:
        far = row_of[row["account"]] in swept.far
        for name, value in row.items():
            if not positions[name].still and (far or name != "liquidation_price"):
                positions[name].own[refs[row["account"], row["ref"]]] = value


TOLD_APART = ("level", "cap_state")
"""Columns of words that hold the exact answer already."""
NOT_FAR = (*TOLD_APART, *AHEAD)
"""Of who was measured exactly without distances, those of the columns stand."""


def trouble_order(
    swept: Swept, accounts: Mapping[str, Packed], states: NDArray[np.int64]
) -> NDArray[np.int32]:
    """As `book.read.trouble` sorts rows."""
    level = swept.totals.level
    broken = np.isin(states, [CAP_STATES.index(OVER_CAP), CAP_STATES.index(NO_CAP)])
    first = np.where(broken | (level == Level.MARGIN_CALL), 2, 3)
    first[level == Level.UNKNOWN] = 1
    first[level == Level.LIQUIDATION] = 0
    distance, use = _sortable(accounts["distance"], np.inf), -_sortable(accounts["utilisation"], np.inf)
    return np.lexsort((swept.roster.names.code_rank, use, distance, first)).astype(np.int32)


def _sortable(column: Packed, none: float) -> Floats:
    units = np.frombuffer(column.data, dtype=np.int64)
    found = np.where(units == NONE, none, units * 10.0**-RATE_PLACES)
    for row, text in column.own.items():
        found[row] = none if text is None else float(text)
    return found


def places_of(swept: Swept, order: NDArray[np.int32]) -> Places:
    return Places(bytes_of(order), bytes_of(swept.roster.held), bytes_of(swept.roster.names.by_code))


def digest_of(
    head: Sequence[Any],
    swept: Swept,
    accounts: Mapping[str, Packed],
    positions: Mapping[str, Packed],
    order: Any,
) -> str:
    """Over all that is shown, and in which order; what stood still was read once for all."""
    moving = version_of(_moving(accounts), _moving(positions))
    shown_as = [*head, swept.roster.version, moving, hashlib.sha256(bytes_of(order)).hexdigest()]
    return hashlib.sha256(msgspec.json.encode(shown_as, order="deterministic")).hexdigest()


def _moving(columns: Mapping[str, Packed]) -> dict[str, Packed]:
    return {name: column for name, column in columns.items() if not column.still}
