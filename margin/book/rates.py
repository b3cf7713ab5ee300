"""Rates between assets, out of the asset-price graph: direct, inverse, then through USD.

Takes the edges (an instrument whose mark is the price of one asset in another) and the pinned marks; gives
the rate with the path it came by. The first path whose every step is fresh wins, else the first that exists
at all, with the state of its worst step. USDT is not USD: only an edge says what it is worth.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from margin.book.facts import Edge
from margin.book.marks import Pinned
from margin.engine.figures import known
from margin.engine.rational import Fraction
from margin.engine.types import ONE, Mark, PriceState, Rate

PIVOT = "USD"
SURE = (PriceState.FRESH, PriceState.CLOSED)
WORSE = (PriceState.FRESH, PriceState.CLOSED, PriceState.STALE, PriceState.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Step:
    """One edge taken forwards or backwards: its value and both ends where it is in doubt."""

    name: str
    value: Fraction
    low: Fraction | None
    high: Fraction | None
    state: PriceState


class RateGraph:
    """All rates of one run."""

    def __init__(self, edges: Sequence[Edge], pinned: Mapping[str, Pinned]) -> None:
        self.steps: dict[tuple[str, str], list[Step]] = {}
        for edge in edges:
            mark = pinned[edge.instrument].as_mark() if edge.instrument in pinned else None
            if mark is None or mark.price is None or mark.price <= 0:
                continue
            name = f"{edge.instrument} ({edge.base}/{edge.quote})"
            self._add(edge.base, edge.quote, _forwards(name, mark))
            self._add(edge.quote, edge.base, _backwards(name, mark))

    def _add(self, start: str, end: str, step: Step) -> None:
        """Direct steps before inverse ones, whatever the order of the edges."""
        steps = self.steps.setdefault((start, end), [])
        steps.append(step)
        steps.sort(key=lambda found: found.name.startswith("1/"))

    def rate(self, start: str, end: str) -> Rate:
        """What one unit of `start` is worth in `end`."""
        if start == end:
            return Rate(ONE)
        paths = list(self._paths(start, end))
        for path in paths:
            if all(step.state in SURE for step in path):
                return _along(path)
        return _along(paths[0]) if paths else Rate(None, PriceState.MISSING)

    def _paths(self, start: str, end: str) -> Iterator[tuple[Step, ...]]:
        for step in self.steps.get((start, end), ()):
            yield (step,)
        if PIVOT not in (start, end):
            for first in self.steps.get((start, PIVOT), ()):
                for second in self.steps.get((PIVOT, end), ()):
                    yield (first, second)

    def rates_to(self, base: str, assets: Sequence[str]) -> dict[str, Rate]:
        """Every asset's rate to one base currency."""
        return {asset: self.rate(asset, base) for asset in assets}


def _forwards(name: str, mark: Mark) -> Step:
    return Step(name, known(mark.price), mark.low, mark.high, mark.state)


def _backwards(name: str, mark: Mark) -> Step:
    """The dear end of a price is the cheap end of its inverse."""
    price = known(mark.price)
    low = 1 / mark.high if mark.high else None
    high = 1 / mark.low if mark.low and mark.low > 0 else None
    return Step(f"1/{name}", 1 / price, low, high, mark.state)


def _along(path: tuple[Step, ...]) -> Rate:
    value = ONE
    low: Fraction | None = ONE
    high: Fraction | None = ONE
    for step in path:
        value *= step.value
        low = _times(low, step.value if step.state in SURE else step.low)
        high = _times(high, step.value if step.state in SURE else step.high)
    state = max((step.state for step in path), key=WORSE.index)
    names = tuple(step.name for step in path)
    if state in SURE:
        return Rate(value, state, names)
    return Rate(value, state, names, low, high)


def _times(left: Fraction | None, right: Fraction | None) -> Fraction | None:
    return None if left is None or right is None else left * right
