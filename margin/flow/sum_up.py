"""A desk's part in one shard: sums and counts in its reporting currency, for roll-ups over shards.

Takes the figures of a run; gives one part per desk. What is unknown, or has no rate to the reporting
currency, is left out of the sums and counted: a sum that hides it would look better than it is.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from margin.engine import shown
from margin.engine.figures import AccountFigures, Level
from margin.engine.rational import Fraction
from margin.engine.types import ZERO
from margin.flow.recompute import Computed, Measured

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
    own = {name: getattr(figures, name) for name in (*DOWN, *UP)}
    return None if None in own.values() else own
