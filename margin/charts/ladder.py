"""The ladder: how far each position's own market may move before its pool is liquidated.

Takes one rung a position, prices as numbers; gives the figure with a sentence that says the same in words.
Nearest first, from the top; what lies beyond the scale ends at its edge and says how far it really is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from margin import formats
from margin.charts.look import Figure
from margin.charts.paper import label, on_side

EDGES = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
BANDS = (
    (0.02, "liquidation", "within 2 %"),
    (0.05, "danger", "within 5 %"),
    (0.10, "at-risk", "within 10 %"),
    (float("inf"), "series-1", "farther"),
)
ROW_PIXELS = 34


@dataclass(frozen=True, slots=True)
class Rung:
    """Prices of one position; `entry` and `liquidation` are absent where they do not exist."""

    name: str
    mark: float | None
    entry: float | None
    liquidation: float | None
    shown: str
    far: str
    """The liquidation price, and how far it is, as the table writes them."""
    cures: bool = False
    """Below the line already: the price, which says so, is where that ends."""
    unknown: bool = False
    """Of a pool whose figures are unknown: a price may exist, nobody can tell which."""

    def move(self, price: float | None) -> float | None:
        """What the market has to do to get there, of the mark."""
        return (price - self.mark) / abs(self.mark) if price is not None and self.mark else None

    @property
    def away(self) -> float:
        if self.cures:
            return 0.0
        move = self.move(self.liquidation)
        return float("inf") if move is None else abs(move)


def ladder(rungs: Sequence[Rung]) -> Figure:
    """The figure: `data`, `layout`, `height` in pixels, and its `text` alternative."""
    ordered = sorted(rungs, key=lambda rung: (rung.away, rung.name))
    edge = _edge(ordered)
    return {
        "data": [*_bars(ordered, edge), _entries(ordered, edge)],
        "layout": _layout(ordered, edge),
        "height": 52 + ROW_PIXELS * max(1, len(ordered)),
        "text": _text(ordered),
    }


def _edge(rungs: Sequence[Rung]) -> float:
    """The scale: as far as the nearest few need, so that what is near can be seen."""
    near = sorted(rung.away for rung in rungs if rung.away != float("inf"))
    wanted = near[min(len(near) - 1, max(1, (len(near) - 1) // 3))] * 1.05 if near else EDGES[0]
    return next((edge for edge in EDGES if edge >= wanted), EDGES[-1])


def _bars(rungs: Sequence[Rung], edge: float) -> list[dict[str, Any]]:
    """One trace a band, so that each has its colour."""
    traces = []
    least = 0.0
    for most, colour, word in BANDS:
        own = [(place, rung) for place, rung in enumerate(rungs) if least <= rung.away < most]
        least = most
        if own:
            traces.append(_band(own, colour, word, edge))
    return traces


def _band(own: Sequence[tuple[int, Rung]], colour: str, word: str, edge: float) -> dict[str, Any]:
    moves = [rung.move(rung.liquidation) or 0.0 for _, rung in own]
    return {
        "type": "bar",
        "orientation": "h",
        "name": word,
        "y": [place for place, _ in own],
        "x": [max(-edge, min(edge, move)) for move in moves],
        "width": 0.5,
        "marker": {"color": f"var(--{colour})", "opacity": 0.75, "line": {"width": 0}},
        "hovertext": [_hover(rung) for _, rung in own],
        "hoverinfo": "text",
    }


def _hover(rung: Rung) -> str:
    return f"<b>{label(rung.name)}</b><br>mark {rung.mark:,.10g}<br>" + (
        label(rung.shown) if rung.cures else f"liquidation {label(rung.shown)}<br>{rung.far} away"
    )


def _entries(rungs: Sequence[Rung], edge: float) -> dict[str, Any]:
    """Where each was opened, if that lies on the scale."""
    found = [(place, rung, rung.move(rung.entry)) for place, rung in enumerate(rungs)]
    shown = [(place, rung, move) for place, rung, move in found if move is not None and abs(move) <= edge]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "entry",
        "y": [place for place, _, _ in shown],
        "x": [move for _, _, move in shown],
        "marker": {"symbol": "diamond-open", "size": 9, "color": "var(--text)", "line": {"width": 1.5}},
        "hovertext": [f"{label(rung.name)} entered at {rung.entry:,.10g}" for _, rung, _ in shown],
        "hoverinfo": "text",
    }


def _layout(rungs: Sequence[Rung], edge: float) -> dict[str, Any]:
    steps = (-edge, 0.0, edge)
    scale = {
        "range": [-edge * 1.1, edge * 1.1],
        "tickvals": list(steps),
        "ticktext": [formats.signed_percent(step, 0) if step else "mark" for step in steps],
        "zeroline": True,
        "zerolinecolor": "var(--mark)",
    }
    names = [label(rung.name, 22) for rung in rungs]
    beside = [_beside(place, rung, edge) for place, rung in enumerate(rungs)]
    return on_side(names, right=138, xaxis=scale, annotations=beside)


def _beside(place: int, rung: Rung, edge: float) -> dict[str, Any]:
    """The price and how far it is, in a column of their own."""
    move = rung.move(rung.liquidation)
    if move is None:
        says = "no price" if rung.mark is None else "unknown" if rung.unknown else "none of its own"
    else:
        beyond = "\u2192 " if abs(move) > edge and rung.far else ""
        says = f"<b>{label(rung.shown)}</b>  {beyond}{rung.far}".rstrip()
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "xshift": 8,
        "y": place,
        "text": says,
        "showarrow": False,
        "font": {"size": 11, "color": "var(--text)" if move is not None else "var(--muted)"},
    }


def _text(rungs: Sequence[Rung]) -> str:
    if not rungs:
        return "There are no positions."
    return "; ".join(f"{rung.name} {_where(rung)}" for rung in rungs) + "."


def _where(rung: Rung) -> str:
    if rung.cures:
        return f"is {rung.shown}"
    if rung.unknown:
        return "has a liquidation price that is unknown"
    if rung.away == float("inf"):
        return "has no liquidation price"
    return f"is liquidated at {rung.shown}, {rung.far} away"
