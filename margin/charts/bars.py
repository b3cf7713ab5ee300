"""Net against gross by key: a pale bar as long as the gross, a strong one for the net, short to the left.

Takes rows, largest first; gives the figure with a sentence that says the same in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from margin import formats
from margin.charts.look import AMOUNTS, Figure
from margin.charts.paper import label, on_side

ROW_PIXELS = 26
MOST_ROWS = 14
LEAST_SIDE = 0.08
"""Of the longer side: how much of the other is shown where nothing is held there."""


@dataclass(frozen=True, slots=True)
class Bar:
    key: str
    gross: float
    net: float

    @property
    def said(self) -> str:
        sign = "+" if self.net > 0 else ""
        return f"net {sign}{formats.whole_up(self.net)}, gross {formats.whole_up(self.gross)}"


def bars(rows: Sequence[Bar], *, currency: str) -> Figure:
    """The figure: `data`, `layout`, `height` in pixels, and its `text` alternative."""
    shown = list(rows[:MOST_ROWS])
    return {
        "data": [
            _gross(shown, 1, currency),
            _gross(shown, -1, currency),
            _net(shown, 1, currency),
            _net(shown, -1, currency),
        ],
        "layout": _layout(shown),
        "height": 44 + ROW_PIXELS * max(1, len(shown)),
        "text": _text(rows, currency),
    }


def _gross(rows: Sequence[Bar], side: int, currency: str) -> dict[str, Any]:
    """Both ways from the middle: the longs to the right, the shorts to the left."""
    sizes = [(row.gross + side * row.net) / 2 for row in rows]
    word = "long" if side > 0 else "short"
    return _bar(rows, [side * size for size in sizes], 0.78, "series-1" if side > 0 else "series-2", 0.26) | {
        "name": word,
        "hovertext": [
            f"<b>{label(row.key)}</b><br>{word} {formats.whole_up(size)} {label(currency)}"
            for row, size in zip(rows, sizes, strict=True)
        ],
    }


def _net(rows: Sequence[Bar], side: int, currency: str) -> dict[str, Any]:
    own = [row.net if row.net * side > 0 else None for row in rows]
    return _bar(rows, own, 0.34, "series-1" if side > 0 else "series-2", 1.0) | {
        "name": "net",
        "hovertext": [f"<b>{label(row.key)}</b><br>{row.said} {label(currency)}" for row in rows],
    }


def _bar(
    rows: Sequence[Bar], values: Sequence[float | None], width: float, colour: str, opacity: float
) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(rows))),
        "x": list(values),
        "width": width,
        "marker": {"color": f"var(--{colour})", "opacity": opacity, "line": {"width": 0}},
        "hoverinfo": "text",
    }


def _layout(rows: Sequence[Bar]) -> dict[str, Any]:
    longs = max(((row.gross + row.net) / 2 for row in rows), default=0.0)
    shorts = max(((row.gross - row.net) / 2 for row in rows), default=0.0)
    most = max(longs, shorts) or 1.0
    scale = {
        "range": [-max(shorts, LEAST_SIDE * most) * 1.06, max(longs, LEAST_SIDE * most) * 1.06],
        **AMOUNTS,
        "nticks": 6,
        "zeroline": True,
        "zerolinecolor": "var(--mark)",
    }
    return on_side([label(row.key, 20) or "not told" for row in rows], barmode="overlay", xaxis=scale)


def _text(rows: Sequence[Bar], currency: str) -> str:
    if not rows:
        return "Nothing is held."
    told = [f"{row.key or 'not told'} {row.said}" for row in rows[:MOST_ROWS]]
    more = len(rows) - len(told)
    return "; ".join(told) + f" {currency}" + (f"; and {more} more." if more > 0 else ".")
