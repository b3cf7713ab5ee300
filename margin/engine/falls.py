"""Which way leads to a fall: tangents of a hill, pieces of a curve, or search.

Takes a measured pool, a movement and a line; gives the first shocks down and up at which the pool falls below
the line, or, from below it, is back above. The three ways answer the same question; this file only chooses.
"""

from collections.abc import Callable
from functools import partial

from margin.engine.curves import Sum, first_fall
from margin.engine.hill import hill_along
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.risk import Line
from margin.engine.search import search_fall
from margin.engine.shocked import MeasuredPool, Movement, domain, line_along
from margin.engine.types import ONE, ZERO
from margin.engine.whole import has_whole_rules

Falls = tuple[Fraction | None, Fraction | None]
Way = Callable[[int, Fraction | None], Fraction | None]
"""From a direction and how far to look, to the fall."""


def falls(
    measured: MeasuredPool,
    movement: Movement,
    line: Line,
    *,
    lowest: Fraction | None = None,
    highest: Fraction | None = None,
) -> Falls:
    """Down and up, within these ends and within what prices allow."""
    low, high = domain(measured, movement)
    low = lowest if low is None else low if lowest is None else max(low, lowest)
    high = highest if high is None else high if highest is None else min(high, highest)
    way = _way(measured, movement, line, low)
    return way(-1, low), way(1, high)


def _way(measured: MeasuredPool, movement: Movement, line: Line, low: Fraction | None) -> Way:
    """A hill is asked for first: it is the quickest, and the most pools are one."""
    if measured.pool.name == CROSS and has_whole_rules(measured.policy):
        return partial(search_fall, measured, movement, line)
    below = line.above(measured.risk) < 0
    hill = None if below or low != -ONE else hill_along(measured, movement, line)
    if hill is not None:
        return hill.fall
    curve = line_along(measured, movement, line)
    return partial(first_fall, Sum(ZERO, ((-ONE, curve),)) if below else curve)
