"""The waterfall of a requirement: what each part adds, from the first position to the house's sum.

Takes named steps in order, amounts as numbers; gives the figure with a sentence that says the same in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

from margin import formats
from margin.charts.look import AMOUNTS, Figure, places
from margin.charts.paper import label, on_side

ROW_PIXELS = 27


class Kind(StrEnum):
    """An amount on top of those before; their sum so far; a figure to compare with."""

    PART = "part"
    BUFFER = "buffer"
    SUM = "sum"
    EQUITY = "equity"


COLOURS = {Kind.PART: "series-2", Kind.BUFFER: "series-3", Kind.SUM: "text", Kind.EQUITY: "series-1"}


@dataclass(frozen=True, slots=True)
class Step:
    """`amount` of a sum is the sum itself."""

    name: str
    amount: float
    kind: Kind = Kind.PART

    @property
    def adds(self) -> float:
        return self.amount if self.kind in (Kind.PART, Kind.BUFFER) else 0.0

    def shown(self, decimals: int) -> str:
        """Rounded as everywhere: what is required up, what is owned down."""
        cut = formats.whole_down if self.kind is Kind.EQUITY else formats.whole_up
        return cut(self.amount, decimals)


def waterfall(steps: Sequence[Step], *, currency: str, empty: str = "Nothing is required.") -> Figure:
    """The figure: `data`, `layout`, `height` in pixels, its `text` alternative; `empty` without a step."""
    starts = [0.0, *accumulate(step.adds for step in steps)][: len(steps)]
    bases = [start if step.adds else 0.0 for start, step in zip(starts, steps, strict=True)]
    most = max((base + step.amount for base, step in zip(bases, steps, strict=True)), default=1.0) or 1.0
    return {
        "data": [
            _kind(kind, steps, bases, currency, places(most))
            for kind in Kind
            if any(s.kind is kind for s in steps)
        ],
        "layout": _layout(steps, most) if steps else _nothing(empty),
        "height": 40 + ROW_PIXELS * max(1, len(steps)),
        "text": _text(steps, currency, places(most)) if steps else empty,
    }


def _kind(
    kind: Kind, steps: Sequence[Step], bases: Sequence[float], currency: str, decimals: int
) -> dict[str, Any]:
    own = [(place, step) for place, step in enumerate(steps) if step.kind is kind]
    unit = label(currency)
    return {
        "type": "bar",
        "orientation": "h",
        "name": kind.value,
        "y": [place for place, _ in own],
        "x": [step.amount for _, step in own],
        "base": [bases[place] for place, _ in own],
        "text": [("+" if step.adds else "") + step.shown(decimals) for _, step in own],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": "var(--text)", "size": 11},
        "width": 0.62,
        "marker": {"color": f"var(--{COLOURS[kind]})", "opacity": 0.8, "line": {"width": 0}},
        "hovertext": [f"{label(step.name)}<br>{step.shown(decimals + 2)} {unit}" for _, step in own],
        "hoverinfo": "text",
    }


def _layout(steps: Sequence[Step], most: float) -> dict[str, Any]:
    scale = {"range": [0, most * 1.24], **AMOUNTS, "nticks": 5}
    return on_side([_name(step) for step in steps], xaxis=scale)


def _nothing(words: str) -> dict[str, Any]:
    """The words in the middle, instead of an axis that measures nothing."""
    said = {"text": label(words), "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return on_side([], xaxis={"visible": False}, annotations=[said])


def _name(step: Step) -> str:
    shown = label(step.name, 22)
    return f"<b>{shown}</b>" if step.kind in (Kind.SUM, Kind.EQUITY) else shown


def _text(steps: Sequence[Step], currency: str, decimals: int) -> str:
    return "; ".join(f"{step.name} {step.shown(decimals)}" for step in steps) + f" {currency}."
