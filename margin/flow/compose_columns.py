"""A large shard's figures as they will be read: what was measured exactly in its place, the order, the hash.

Takes a sweep, its columns and the uses of caps; gives what stands beside the columns and the hash that a
replay must meet. A row that was measured exactly is written by `show` itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.book.frame import Places
from margin.book.packed import (
    Packed,
    bytes_of,
    version_of,
)
from margin.book.read import MISSING as NO_CAP
from margin.book.read import NEAR
from margin.book.read import OVER as OVER_CAP
from margin.engine.book_shown import NONE
from margin.engine.columns import Floats
from margin.engine.figures import Level
from margin.flow.cap_findings import caps_of
from margin.flow.cap_states import UNKNOWN as NOT_KNOWN
from margin.flow.cap_states import WITHIN, cap_states
from margin.flow.cap_states import WORST_FIRST as CAP_STATES
from margin.flow.cap_zones import MISSING, OVER, UNKNOWN, UNSURE, WARNED, WARNED_TOP, Uses
from margin.flow.clients import measure_clients, nearest_cap, replace_accounts
from margin.flow.recompute import Computed
from margin.flow.show import AHEAD, RATE_PLACES, account_rows, position_rows
from margin.flow.sweep import Swept

WORDS = {WARNED: NEAR, WARNED_TOP: NEAR, OVER: OVER_CAP, MISSING: NO_CAP, UNKNOWN: NOT_KNOWN}
STATE_OF_ZONE = np.array([CAP_STATES.index(WORDS.get(zone, WITHIN)) for zone in range(UNSURE + 1)])


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
        far = row_of[row["account"]] in swept.far or row["pool_level"] == Level.UNKNOWN.word
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
    first = np.where(broken | np.isin(level, [Level.DANGER, Level.MARGIN_CALL]), 2, 3)
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
