"""What the book says of one desk, in the words of the live protocol.

Takes the newest frames of the shards and the counts of live alerts; gives `Figures`. Reads files, never
rows.
"""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from margin.book.frame import ACCOUNT_COLUMNS, Frame, places_where, tallied
from margin.book.read import desk_summary, frames, trouble
from margin.engine.rational import Fraction
from margin.engine.shown import share
from margin.engine.types import ONE
from margin.notify.events import Head, Kpi, Prices
from margin.notify.push import Figures

COLUMNS: tuple[str, ...] = ACCOUNT_COLUMNS
SEVERITIES = ("critical", "warning", "info")
SUMMARY = (
    *("currency", "clients", "accounts", "positions", "unknown", "levels", "oldest_price"),
    *("equity", "initial", "maintenance", "house_maintenance", "gross", "net"),
)
RATE_PLACES = 6


class InOnePart(Sequence[tuple[int, int]]):
    """An order that lies in one part: where in it, without a pair made for every account."""

    def __init__(self, places: Sequence[int]) -> None:
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [(0, at) for at in self.places[place]]
        return 0, self.places[place]


Order = Sequence[tuple[int, int]]


def desk_figures(desk: str, open_alerts: Mapping[str, int]) -> Figures:
    """Everything the sockets of a desk may show."""
    carrying = [frame for frame in frames() if desk in frame.desks]
    order = _order(carrying, desk)
    parts = [frame.accounts for frame in carrying]
    kpi = _kpi(desk, open_alerts)
    if order:
        part, place = order[0]
        kpi["caps"] = _cap_states(parts, order)
        kpi["worst"] = {name: parts[part][name][place] for name in ("account", "distance", "level")}
    return Figures(
        desk=desk,
        heads={frame.shard: Head(frame.seq, frame.run, frame.at) for frame in carrying},
        parts=parts,
        order=order,
        kpi=kpi,
        prices=_prices(carrying),
    )


def newest_seqs(desk: str) -> dict[int, int]:
    """How far each shard of a desk has come."""
    return {frame.shard: frame.seq for frame in frames() if desk in frame.desks}


def _order(carrying: list[Frame], desk: str) -> Order:
    """The desk's accounts in trouble order; each frame is in that order already."""
    places = [places_where(frame.accounts, {"desk": {desk}}) for frame in carrying]
    if len(places) == 1:
        return InOnePart(places[0])
    by_part = [[(part, place) for place in own] for part, own in enumerate(places)]
    names = ("level", "cap_state", "distance", "utilisation", "account")

    def key(at: tuple[int, int]) -> tuple[Any, ...]:
        columns = carrying[at[0]].accounts
        return trouble({name: columns[name][at[1]] for name in names})

    return list(heapq.merge(*by_part, key=key))


def _cap_states(parts: Sequence[Mapping[str, Sequence[Any]]], order: Order) -> dict[str, int]:
    if isinstance(order, InOnePart):
        return {str(word): count for word, count in tallied(parts[0]["cap_state"], order.places).items()}
    return Counter(str(parts[part]["cap_state"][place]) for part, place in order)


def _kpi(desk: str, open_alerts: Mapping[str, int]) -> Kpi:
    alerts = {severity: open_alerts.get(severity, 0) for severity in SEVERITIES}
    summary = desk_summary(desk)
    if summary is None:
        return {"accounts": 0, "clients": 0, "levels": {}, "worst": None, "open_alerts": alerts}
    kpi: Kpi = {name: summary[name] for name in SUMMARY}
    equity = Decimal(summary["equity"])
    kpi["utilisation"] = _rate(Decimal(summary["house_maintenance"]), equity)
    kpi["leverage"] = _rate(Decimal(summary["gross"]), equity)
    return kpi | {"worst": None, "open_alerts": alerts}


def _rate(part: Decimal, whole: Decimal) -> str | None:
    """Up, but on the side of 1 where it is."""
    if whole <= 0:
        return None
    return f"{share(Fraction(part) / Fraction(whole), [ONE], RATE_PLACES):f}"


def _prices(carrying: list[Frame]) -> Prices:
    return {
        code: msgspec.to_builtins(price)
        for frame in sorted(carrying, key=lambda frame: frame.at)
        for code, price in frame.prices.items()
    }
