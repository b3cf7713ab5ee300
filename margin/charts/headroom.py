"""Headroom of a desk: equity against the house requirement, and utilisation below it with its bands.

Takes points in time order; gives the figure with a sentence that says the same to those who cannot see it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

GRID = {
    "gridcolor": "var(--line)",
    "zeroline": False,
    "linecolor": "var(--line)",
    "tickfont": {"size": 10},
}
HOVER_LABEL = {
    "bgcolor": "var(--raised)",
    "bordercolor": "var(--line-strong)",
    "font": {"color": "var(--text)", "size": 11},
}
LEAST_SPAN = timedelta(minutes=3)
BANDS = ((0.6, "watch"), (0.7, "at-risk"), (0.8, "danger"), (1.0, "liquidation"))


class Point(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def equity(self) -> Decimal: ...
    @property
    def house_maintenance(self) -> Decimal: ...
    @property
    def utilisation(self) -> Decimal | None: ...


def headroom(points: Sequence[Point], *, currency: str, until: datetime, span: timedelta) -> dict[str, Any]:
    """The figure: `data`, `layout`, and its `text` alternative."""
    return {
        "data": traces(points),
        "layout": layout(since=_since(points, until, span), until=until),
        "text": describe(points, currency=currency),
    }


def traces(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Requirement first, so that the area up to equity is the headroom."""
    times = [_instant(point.at) for point in points]
    use = [None if point.utilisation is None else float(point.utilisation) for point in points]
    return [
        _line(times, [float(point.house_maintenance) for point in points], "House requirement", "series-2"),
        _line(times, [float(point.equity) for point in points], "Equity", "series-1")
        | {"fill": "tonexty", "fillcolor": "var(--headroom)"},
        _line(times, use, "Utilisation", "series-3")
        | {
            "yaxis": "y2",
            "fill": "tozeroy",
            "fillcolor": "var(--use-area)",
            "hovertemplate": "%{y:.1%}<extra>Utilisation</extra>",
        },
    ]


def layout(*, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "autosize": True,
        "margin": {"l": 46, "r": 8, "t": 4, "b": 20},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 11, "color": "var(--muted)"},
        "hovermode": "x unified",
        "hoverlabel": HOVER_LABEL,
        "showlegend": False,
        "dragmode": "zoom",
        "uirevision": "kept",
        "xaxis": GRID
        | {
            "type": "date",
            "range": [_instant(since), _instant(until)],
            "anchor": "y2",
            "tickformat": "%H:%M",
            "hoverformat": "%H:%M:%S UTC",
            "nticks": 7,
            "ticklabelstandoff": 4,
            "showgrid": False,
        },
        "yaxis": GRID
        | {
            "domain": [0.42, 1],
            "tickformat": "~s",
            "nticks": 4,
            "rangemode": "tozero",
            "hoverformat": ",.0f",
        },
        "yaxis2": GRID | {"domain": [0, 0.32], "tickformat": ".0%", "nticks": 3, "rangemode": "tozero"},
        "shapes": [_band(level, token) for level, token in BANDS],
    }


def describe(points: Sequence[Point], *, currency: str) -> str:
    """The chart in one sentence."""
    if not points:
        return "No run has been kept in the last half hour."
    now, uses = points[-1], [point.utilisation for point in points if point.utilisation is not None]
    text = f"Equity {now.equity:,.0f} {currency}, house requirement {now.house_maintenance:,.0f} {currency}."
    if not uses or now.utilisation is None:
        return f"{text} Utilisation is unbounded: there is no equity."
    return (
        f"{text} Utilisation {now.utilisation:.1%}; since {points[0].at:%H:%M} UTC "
        f"between {min(uses):.1%} and {max(uses):.1%}."
    )


def _line(times: list[str], values: list[float | None], name: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times,
        "y": values,
        "line": {"color": f"var(--{colour})", "width": 1.6, "shape": "hv"},
        "hovertemplate": f"%{{y:,.0f}}<extra>{name}</extra>",
    }


def _band(level: float, token: str) -> dict[str, Any]:
    """A threshold across the utilisation panel; out of sight while the scale is far below it."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": "y2",
        "y0": level,
        "y1": level,
        "line": {"color": f"var(--{token})", "width": 1, "dash": "dot"},
        "layer": "below",
    }


def _since(points: Sequence[Point], until: datetime, span: timedelta) -> datetime:
    """Where the window begins: a young desk is not shown as an empty half hour."""
    first = points[0].at if points else until - span
    return max(until - span, min(first, until - LEAST_SPAN))


def _instant(at: datetime) -> str:
    """Plotly reads a date without a zone as it stands: UTC here, as everywhere."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}"
