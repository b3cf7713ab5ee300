"""Which clients of a large shard something may have changed for: theirs alone are found and enforced exactly.

Takes what is used of every cap, the levels of all pools, and the breaches that stand; gives clients. For
everybody else every finding leaves every breach as it is, whatever the last digits say: that is what each
zone below stands for, beside the steps of `engine.breach`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from margin.book.applies import Caps
from margin.engine.figures import Level
from margin.engine.kernels import CLOSE, EQUITY, GROSS, HOUSE, MAINTENANCE
from margin.flow.binding_caps import Binding
from margin.flow.cap_findings import caps_of
from margin.flow.cap_zones import (
    INSIDE,
    MISSING,
    OVER,
    ROOM,
    TOP,
    UNKNOWN,
    UNSURE,
    WARNED,
    WARNED_TOP,
    Uses,
)
from margin.flow.clients import ClientFigures, clients_of
from margin.flow.compose_frame import Composed
from margin.flow.enforce import LEVEL_POLICY
from margin.flow.found import Found
from margin.flow.recompute import Computed
from margin.flow.sweep import Swept
from margin.models import Breach

Rule, State = Breach.Rule, Breach.State
Key = tuple[str, str]

CALLED, LIQUIDATED, EASED, NEAR, NEAR_EASED = "called", "liquidated", "eased", "near", "near and eased"
"""Zones of a pool's level: a call, a liquidation, a call where a liquidation may be over; above a call, but
not so far that it would be cured, and there too where a liquidation may be over."""

WITHOUT_CAPS = (Rule.MARGIN_LEVEL, Rule.UNKNOWN_FIGURE)
Noted = tuple[Key, object, int, Binding]
NO_CAP: Binding = (None, None)
SAID = {WARNED, WARNED_TOP, OVER, MISSING}
"""Zones in which what is said of a breach names its cap: another cap is said anew."""
OPENS = {WARNED, WARNED_TOP, OVER, MISSING, UNSURE}
STAY: Mapping[str, Set[object]] = {
    State.WARNING: {ROOM, TOP, WARNED, WARNED_TOP, UNKNOWN},
    State.OPEN: {TOP, WARNED_TOP, OVER, MISSING, UNKNOWN},
    State.ACKNOWLEDGED: {TOP, WARNED_TOP, OVER, MISSING, UNKNOWN},
}
"""In which zones a breach in this state stays as it is."""


@dataclass(frozen=True, slots=True)
class ToBeFound:
    """Clients with what is used of their caps; `only` these, by id, or None for everybody of the shard."""

    clients: Mapping[int, ClientFigures]
    capped: Sequence[Found]
    only: set[int] | None = None


def to_be_found(computed: Computed, composed: Composed, awaiting: Set[int]) -> ToBeFound:
    """Everybody, in a shard that is not large."""
    if not isinstance(computed, Swept):
        return ToBeFound(composed.clients, composed.capped)
    changed = sift(computed, composed.uses, standing(computed.book.shard), awaiting)
    clients = clients_of(computed, changed)
    return ToBeFound(clients, caps_of(clients, Caps(computed.book.rules, computed.at)), changed)


@dataclass(frozen=True, slots=True)
class Standing:
    """A live breach, as far as it matters here."""

    state: str
    client_id: int
    level: str
    cap: Binding


def standing(shard: int) -> dict[Key, Standing]:
    """Live breaches by rule and subject."""
    rows = Breach.objects.filter(client__shard=shard).exclude(state=State.CURED)
    names = ("rule", "subject", "state", "client_id", "detail__level", "allowed", "limit_id")
    return {
        (rule, subject): Standing(state, client, level or "", (None if cap is None else float(cap), limit))
        for rule, subject, state, client, level, cap, limit in rows.values_list(*names)
    }


def sift(swept: Swept, uses: Collection[Uses], live: Mapping[Key, Standing], awaiting: Set[int]) -> set[int]:
    """Clients, by id."""
    clients: set[int] = set()
    noted: set[Key] = set()
    for key, zone, client, cap in (
        *_of_caps(swept, uses),
        *_of_pools(swept, live),
        *_of_unknown(swept, awaiting),
    ):
        noted.add(key)
        stands = live.get(key)
        if stands is None:
            if zone in OPENS or zone in (CALLED, LIQUIDATED, EASED):
                clients.add(client)
        elif not _stays(stands, zone) or (key[0] not in WITHOUT_CAPS and zone in SAID and stands.cap != cap):
            clients.add(client)
    clients.update(one.client_id for key, one in live.items() if key not in noted)
    return clients


def _stays(stands: Standing, zone: object) -> bool:
    if zone == LIQUIDATED:
        return stands.state != State.WARNING and stands.level == Level.LIQUIDATION.word
    if zone == CALLED:
        return stands.state != State.WARNING
    if zone == NEAR:
        return True
    if zone in (EASED, NEAR_EASED):
        return stands.state != State.WARNING and stands.level != Level.LIQUIDATION.word
    return zone in STAY[stands.state]


def _of_caps(swept: Swept, uses: Collection[Uses]) -> Iterator[Noted]:
    clients = swept.roster.clients
    for one in uses:
        for k in np.flatnonzero(one.zones != INSIDE).tolist():
            yield (one.rule, one.subject(k)), int(one.zones[k]), clients[one.client[k]].id, one.cap(k)


def _of_pools(swept: Swept, live: Mapping[Key, Standing]) -> Iterator[Noted]:
    """A pool that is called, or so near that a call would not be cured yet."""
    found, roster, owners = swept.room.figures.found, swept.roster, swept.room.figures.owners
    equity, house, maintenance = (found.figures[:, k] for k in (EQUITY, HOUSE, MAINTENANCE))
    width = CLOSE * (np.abs(equity) + found.figures[:, GROSS])
    line = float(LEVEL_POLICY.cured_at)
    near = house > line * equity - width
    held_down = (equity <= 0.0) | (maintenance > line * equity + width)
    unknown = found.levels == Level.UNKNOWN
    called = (found.levels == Level.MARGIN_CALL) | (found.levels == Level.LIQUIDATION)
    for pool in np.flatnonzero(called | unknown | (near & (house > 0.0))).tolist():
        account = int(owners[pool])
        key = Rule.MARGIN_LEVEL, f"account:{roster.facts[account].code}/{swept.warm.pool_name(pool)}"
        zone: object
        if unknown[pool]:
            zone = UNKNOWN
        elif found.levels[pool] == Level.LIQUIDATION:
            zone = LIQUIDATED
        elif called[pool]:
            zone = CALLED if held_down[pool] else EASED
        elif house[pool] > line * equity[pool] + width[pool]:
            zone = NEAR if held_down[pool] else NEAR_EASED
        elif key in live:
            zone = UNSURE
        else:
            continue  # nothing opens above the call, and that was decided exactly
        yield key, zone, roster.clients[roster.client_of[account]].id, NO_CAP


def _of_unknown(swept: Swept, awaiting: Set[int]) -> Iterator[Noted]:
    roster = swept.roster
    for row, measured in swept.exact.items():
        figures = measured.figures
        if figures.level is Level.UNKNOWN or figures.unknown_because:
            zone = UNKNOWN if measured.fact.id in awaiting else OVER
            key = Rule.UNKNOWN_FIGURE, f"account:{measured.fact.code}"
            yield key, zone, roster.clients[roster.client_of[row]].id, NO_CAP
