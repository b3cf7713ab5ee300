"""What moved on a desk between two instants, as text: its key figures side by side, and its money by asset.

Takes sums and flows; gives rows for the handover and the daily report. Reads nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from margin import formats
from margin.book.happened import Flow
from margin.book.sums import Sums


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure at both ends, as text; `change` carries its sign."""

    name: str
    before: str
    after: str
    change: str
    worse: bool | None


def moved(first: Sums | None, last: Sums | None) -> list[Moved]:
    """The key figures side by side. Less equity and more requirement is worse."""
    if last is None:
        return []
    rows = [
        _moved("Equity", first, last, "equity", up_is_worse=False),
        _moved("House requirement", first, last, "house_maintenance", up_is_worse=True),
        _moved("Gross exposure", first, last, "gross", up_is_worse=None),
        _moved("Net exposure", first, last, "net", up_is_worse=None),
    ]
    before = None if first is None else first.utilisation
    now = last.utilisation
    told = formats.points(before, now)
    worse = None if told in (formats.NONE, formats.points(0, 0)) else told.startswith("+")
    rows.insert(2, Moved("Utilisation", formats.percent(before), formats.percent(now), told, worse))
    return rows


def _moved(name: str, first: Sums | None, last: Sums, figure: str, *, up_is_worse: bool | None) -> Moved:
    now = _cut(last, figure)
    before = None if first is None else _cut(first, figure)
    change = None if before is None else formats.WIDE.subtract(now, before)
    sign = "+" if change is not None and change > 0 else ""
    worse = None if up_is_worse is None or not change else (change > 0) is up_is_worse
    told = formats.NONE if change is None else f"{sign}{formats.money(change)}"
    return Moved(name, formats.money(before), formats.money(now), told, worse)


def _cut(sums: Sums, figure: str) -> Decimal:
    """In whole units as the desk page cuts it, so that both agree and the change is that of what is shown."""
    rounding = ROUND_FLOOR if figure == "equity" else ROUND_CEILING
    return sums.figures[figure].to_integral_value(rounding)


def money(flows: Sequence[Flow]) -> list[tuple[str, str, str, int]]:
    """By asset: what came in from outside, what went out, and how many transfers."""
    return [(flow.asset, _told(flow.came), _told(flow.went), flow.count) for flow in flows]


def _told(amount: Decimal) -> str:
    return formats.money(formats.plain(f"{amount:f}"))
