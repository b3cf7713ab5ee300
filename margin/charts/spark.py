"""A line without axes, as points of an SVG: what a page prints beside its figures.

Takes values in order (None is a gap); gives the points of polylines in a box of 100 by 30. Draws nothing.
"""

from collections.abc import Sequence
from itertools import groupby

WIDTH, HEIGHT, EDGE = 100.0, 30.0, 2.0


def spark(values: Sequence[float | None]) -> list[str]:
    """One polyline for every stretch without a gap."""
    told = [value for value in values if value is not None]
    if len(told) < 2:
        return []
    low, high = min(told), max(told)
    span = (high - low) or 1.0
    step = WIDTH / (len(values) - 1)
    placed = [
        None if value is None else (k * step, HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / span)
        for k, value in enumerate(values)
    ]
    lines = [list(group) for known, group in groupby(placed, key=lambda at: at is not None) if known]
    return [" ".join(f"{at[0]:.2f},{at[1]:.2f}" for at in line if at) for line in lines if len(line) > 1]
