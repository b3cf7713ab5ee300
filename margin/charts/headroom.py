"""Headroom of a desk: equity against the house requirement, and utilisation below it with the desk's bands.

Takes points in time order (without figures where they were unknown) and the desk's policy; gives the figure
with a sentence that says the same to those who cannot see it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from margin import formats
from margin.charts.ground import ground
from margin.charts.look import AMOUNTS, CLOCK, Bands, Figure, Ground, instant, layout, line, live

LEAST_SPAN = timedelta(minutes=3)


class Point(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def equity(self) -> Decimal | None: ...
    @property
    def house_maintenance(self) -> Decimal | None: ...
    @property
    def utilisation(self) -> Decimal | None: ...


def headroom(
    points: Sequence[Point], *, bands: Bands, currency: str, until: datetime, span: timedelta
) -> Figure:
    """The figure, which pages keep moving by the chart points of the socket."""
    return {
        "data": traces(points),
        "layout": _layout(bands, since=_since(points, until, span), until=until),
        "text": describe(points, currency=currency),
        "live": live(
            x="at",
            y=(None, "house_maintenance", "equity", "utilisation"),
            ground=Ground(trace=0, low=1, high=2),
            least_seconds=LEAST_SPAN.total_seconds(),
            most_seconds=span.total_seconds(),
        ),
    }


def traces(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The ground first, so that the lines lie on it."""
    times = [instant(point.at) for point in points]
    asked, had, use = ([_float(figure) for figure in column] for column in _columns(points))
    return [
        ground("Headroom", times, asked, had),
        _stairs("House requirement", "series-2", times, asked),
        _stairs("Equity", "series-1", times, had),
        _stairs("Utilisation", "series-3", times, use)
        | {
            "yaxis": "y2",
            "hovertemplate": "%{y:.1%}<extra>Utilisation</extra>",
        },
    ]


def _columns(points: Sequence[Point]) -> tuple[list[Decimal | None], ...]:
    return (
        [point.house_maintenance for point in points],
        [point.equity for point in points],
        [point.utilisation for point in points],
    )


def _float(figure: Decimal | None) -> float | None:
    return None if figure is None else float(figure)


def _layout(bands: Bands, *, since: datetime, until: datetime) -> dict[str, Any]:
    times = {"type": "date", "range": [instant(since), instant(until)], "anchor": "y2"}
    words = {
        **CLOCK,
        "ticklabelstandoff": 4,
        "showgrid": False,
    }
    levels = (
        (bands.watch, "watch"),
        (bands.at_risk, "at-risk"),
        (bands.danger, "danger"),
        (1, "liquidation"),
    )
    money = {
        "domain": [0.42, 1],
        **AMOUNTS,
        "nticks": 4,
        "rangemode": "tozero",
        "hoverformat": ",.0f",
    }
    return layout(
        left=46,
        bottom=32,
        xaxis=times | words,
        yaxis=money,
        yaxis2={"domain": [0, 0.32], "tickformat": ".0%", "nticks": 3, "rangemode": "tozero"},
        shapes=[_band(float(level), token) for level, token in levels],
        uirevision="kept",  # what the reader zoomed to survives new points
    )


def describe(points: Sequence[Point], *, currency: str) -> str:
    """The chart in one sentence."""
    if not points:
        return "No run has been kept in the last half hour."
    known = [point for point in points if point.equity is not None]
    if not known:
        return "No run of the last half hour knew the figures of enough accounts."
    now, uses = known[-1], [point.utilisation for point in known if point.utilisation is not None]
    equity, requirement = formats.whole_down(now.equity), formats.whole_up(now.house_maintenance)
    text = f"Equity {equity} {currency}, house requirement {requirement} {currency}."
    if not uses or now.utilisation is None:
        text += " Utilisation is unbounded: there is no equity."
    else:
        text += (
            f" Utilisation {formats.percent(now.utilisation)}; since {known[0].at:%H:%M} UTC "
            f"between {formats.percent(min(uses))} and {formats.percent(max(uses))}."
        )
    gaps = len(points) - len(known)
    return f"{text} Too many accounts were unknown at {gaps} of {len(points)} points." if gaps else text


def _stairs(name: str, colour: str, times: list[str], values: Sequence[float | None]) -> dict[str, Any]:
    """A figure holds until the next run."""
    template = f"%{{y:,.0f}}<extra>{name}</extra>"
    return line(name, colour, x=times, y=values, line={"shape": "hv"}, hovertemplate=template)


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
