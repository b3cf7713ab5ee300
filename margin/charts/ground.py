"""The ground between two lines of shape `hv`: one outline a stretch, and nothing where either was unknown.

Takes instants and both lines' values; gives a trace. `static/js/chart.js` draws the same as points come in.
Plotly's own fill between traces runs through a gap as if something were known there.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

from margin.charts.look import line

Corner = tuple[str | None, float | None]


def ground(
    name: str, times: Sequence[str], low: Sequence[float | None], high: Sequence[float | None]
) -> dict[str, Any]:
    corners: list[Corner] = []
    steps = zip(times, low, high, strict=True)
    for known, stretch in groupby(steps, key=lambda step: None not in step):
        if known:
            own = list(stretch)
            corners += [(None, None)] if corners else []
            corners += _stairs([(at, top) for at, _, top in own])
            corners += reversed(_stairs([(at, bottom) for at, bottom, _ in own]))
    x, y = [at for at, _ in corners], [value for _, value in corners]
    area = {"fill": "toself", "fillcolor": "var(--headroom)", "hoverinfo": "skip"}
    return line(name, "series-1", x=x, y=y, line={"width": 0}, **area)


def _stairs(steps: list[Corner]) -> list[Corner]:
    """The corners that a line of shape `hv` turns at: a figure holds until the next."""
    corners = steps[:1]
    for (_, before), (at, value) in pairwise(steps):
        corners += [(at, before), (at, value)]
    return corners
