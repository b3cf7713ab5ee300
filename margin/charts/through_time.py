"""One account through time: equity against what is required, utilisation in its bands, and what happened.

Takes points in time order (figures absent where they were unknown), events, and the desk's policy; gives the
figure with a sentence that says the same in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from margin import formats
from margin.charts.ground import ground
from margin.charts.look import AMOUNTS, CLOCK, Bands, Figure, instant, layout
from margin.charts.look import line as drawn
from margin.charts.paper import label

LEAST_SPAN = timedelta(minutes=3)
LEVELS = ("watch", "at-risk", "danger", "liquidation")
SYMBOLS = {"critical": "octagon", "warning": "triangle-up", "info": "circle"}
SEVERE = {"critical": "liquidation", "warning": "danger", "info": "watch"}


@dataclass(frozen=True, slots=True)
class Moment:
    """The account as one run saw it."""

    at: datetime
    equity: float | None
    maintenance: float | None
    requirement: float | None
    utilisation: float | None


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    title: str
    severity: str


def through_time(
    points: Sequence[Moment],
    events: Sequence[Event],
    *,
    bands: Bands,
    currency: str,
    since: datetime,
    until: datetime,
) -> Figure:
    """The figure: `data`, `layout`, `height` in pixels, and its `text` alternative."""
    first = max(since, min(points[0].at if points else since, until - LEAST_SPAN))
    shown = [event for event in events if first <= event.at <= until]
    return {
        "data": [_headroom(points), *_lines(points), *_events(points, shown)],
        "layout": _layout(points, shown, bands, since=first, until=until),
        "height": 300,
        "text": _text(points, shown, currency),
    }


def _headroom(points: Sequence[Moment]) -> dict[str, Any]:
    times = [instant(point.at) for point in points]
    return ground("Headroom", times, [p.requirement for p in points], [p.equity for p in points])


def _lines(points: Sequence[Moment]) -> list[dict[str, Any]]:
    times = [instant(point.at) for point in points]

    def line(name: str, colour: str, values: list[float | None], **own: Any) -> dict[str, Any]:
        shape = {"width": 1.7, "shape": "hv", **own.pop("line", {})}
        own = {"hovertemplate": f"%{{y:,.0f}}<extra>{name}</extra>", "connectgaps": False, **own}
        return drawn(name, colour, x=times, y=values, line=shape, **own)

    return [
        line("House requirement", "series-2", [p.requirement for p in points]),
        line("Equity", "series-1", [p.equity for p in points]),
        line(
            "Maintenance",
            "liquidation",
            [p.maintenance for p in points],
            line={"width": 1.1, "dash": "dot"},
        ),
        line(
            "Utilisation",
            "series-3",
            [p.utilisation for p in points],
            yaxis="y2",
            hovertemplate="%{y:.1%}<extra>Utilisation</extra>",
        ),
    ]


def _events(points: Sequence[Moment], events: Sequence[Event]) -> list[dict[str, Any]]:
    """Marks on the line of equity, one trace a severity."""
    traces = []
    for severity, symbol in SYMBOLS.items():
        own = [event for event in events if event.severity == severity]
        if not own:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [instant(event.at) for event in own],
                "y": [_owned(points, event.at) for event in own],
                "marker": {"symbol": symbol, "size": 10, "color": f"var(--{SEVERE[severity]})"},
                "hovertext": [label(event.title, 90) for event in own],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    return traces


def _owned(points: Sequence[Moment], at: datetime) -> float | None:
    before = [point.equity for point in points if point.at <= at and point.equity is not None]
    after = [point.equity for point in points if point.at > at and point.equity is not None]
    return before[-1] if before else (after[0] if after else None)


def _layout(
    points: Sequence[Moment], events: Sequence[Event], bands: Bands, *, since: datetime, until: datetime
) -> dict[str, Any]:
    watch = float(bands.watch)
    highest = max([point.utilisation for point in points if point.utilisation is not None], default=watch)
    top = max(highest * 1.12, watch + 0.05)
    time = {
        "type": "date",
        "range": [instant(since), instant(until)],
        "anchor": "y2",
        **CLOCK,
        "showgrid": False,
    }
    share = {"domain": [0, 0.33], "tickformat": ".0%", "range": [0, top], "tickvals": [0, watch, 1.0]}
    return layout(
        left=46,
        bottom=34,
        uirevision="kept",
        xaxis=time,
        yaxis={"domain": [0.42, 1], **AMOUNTS, "nticks": 5, "hoverformat": ",.0f"},
        yaxis2=share,
        shapes=[*_grounds(bands, top), *(_moment(event) for event in events)],
    )


def _grounds(bands: Bands, top: float) -> list[dict[str, Any]]:
    """Levels as faint grounds of the utilisation panel."""
    edges = (float(bands.watch), float(bands.at_risk), float(bands.danger), 1.0, top)
    return [
        {
            "type": "rect",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": "y2",
            "y0": low,
            "y1": min(high, top),
            "fillcolor": f"var(--{level})",
            "opacity": 0.13,
            "line": {"width": 0},
            "layer": "below",
        }
        for (low, high), level in zip(pairwise(edges), LEVELS, strict=True)
        if low < top
    ]


def _moment(event: Event) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": instant(event.at),
        "x1": instant(event.at),
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": f"var(--{SEVERE.get(event.severity, 'mark')})", "width": 1, "dash": "dot"},
        "layer": "below",
    }


def _text(points: Sequence[Moment], events: Sequence[Event], currency: str) -> str:
    known = [point for point in points if point.equity is not None and point.requirement is not None]
    if not known:
        return "No run of this span knew the account's figures."
    now, uses = known[-1], [point.utilisation for point in known if point.utilisation is not None]
    equity, requirement = formats.whole_down(now.equity), formats.whole_up(now.requirement)
    told = f"Equity {equity} {currency}, house requirement {requirement} {currency}."
    if uses:
        least, most = formats.percent(min(uses)), formats.percent(max(uses))
        told += f" Utilisation between {least} and {most} since {known[0].at:%H:%M} UTC."
    gaps = len(points) - len(known)
    told += f" Unknown at {gaps} of {len(points)} points." if gaps else ""
    return told + (f" {formats.counted(len(events), 'alert')} in this time." if events else "")
