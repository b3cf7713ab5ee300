"""The look that every chart shares, and what a page needs to keep one moving.

Takes what a chart has of its own; gives Plotly's layout. Colours are names of tokens, resolved by the page.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Protocol

Figure = dict[str, Any]
"""`data` and `layout` as Plotly takes them, `text` that says the same in words, and `live` if it moves."""

AXIS = {"gridcolor": "var(--line)", "zeroline": False, "linecolor": "var(--line)", "tickfont": {"size": 10}}
AMOUNTS = {
    "tickformatstops": [
        {"dtickrange": [None, 0.999], "value": ",~r"},
        {"dtickrange": [1, None], "value": "~s"},
    ]
}
"""Ticks of money: thousands and more by letters, parts of a coin plainly (a milli reads as a million)."""
CLOCK = {
    "tickformatstops": [
        {"dtickrange": [None, 59_999], "value": "%H:%M:%S\nUTC"},
        {"dtickrange": [60_000, None], "value": "%H:%M\nUTC"},
    ],
    "hoverformat": "%H:%M:%S UTC",
    "nticks": 5,
    "tickangle": 0,
}
"""Ticks closer than a minute say their seconds, or two would tell the same; few, so that none is tilted. What
follows the end of a line stands once, below the first."""
WHOLE_FROM = 1_000
HOVER_LABEL = {
    "bgcolor": "var(--raised)",
    "bordercolor": "var(--line-strong)",
    "font": {"color": "var(--text)", "size": 11},
}


def places(most: float) -> int:
    """Decimals of a chart's amounts: none, unless all of it is less than some thousands of a unit."""
    return 0 if most >= WHOLE_FROM else 4


class Bands(Protocol):
    """Where a policy lets the levels begin, as shares of equity."""

    @property
    def watch(self) -> Fraction: ...
    @property
    def at_risk(self) -> Fraction: ...
    @property
    def danger(self) -> Fraction: ...


def layout(*, left: int, bottom: int, **own: Any) -> dict[str, Any]:
    """A chart's layout: its axes in the common look, the rest as given."""
    axes = {name: AXIS | given for name, given in own.items() if name.startswith(("xaxis", "yaxis"))}
    return {
        "autosize": True,
        "margin": {"l": left, "r": 10, "t": 6, "b": bottom},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 11, "color": "var(--muted)"},
        "hovermode": "x unified",
        "hoverlabel": HOVER_LABEL,
        "showlegend": False,
        "dragmode": "zoom",
        **own,
        **axes,
    }


def line(name: str, colour: str, *, x: Sequence[Any], y: Sequence[Any], **own: Any) -> dict[str, Any]:
    """One line in the colour of a token."""
    own["line"] = {"color": f"var(--{colour})", "width": 1.6, **own.get("line", {})}
    return {"type": "scatter", "mode": "lines", "name": name, "x": list(x), "y": list(y), **own}


@dataclass(frozen=True, slots=True)
class Ground:
    """Places of three traces: the ground, and the lines it lies between."""

    trace: int
    low: int
    high: int


def live(
    *,
    x: str,
    y: Sequence[str | None],
    least_seconds: float,
    most_seconds: float,
    ground: Ground | None = None,
) -> dict[str, Any]:
    """How points that come over the socket go in: the field of the instant, and one for each trace in order.

    A trace without a field is the ground, drawn anew between two others. The time axis ends at the newest
    point and goes back as far as there are points, within the two bounds.
    """
    told = {"x": x, "y": list(y), "least_seconds": least_seconds, "most_seconds": most_seconds}
    return told if ground is None else told | {"ground": asdict(ground)}


def instant(at: datetime) -> str:
    """Plotly reads a date without a zone as it stands: UTC here, as everywhere."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}"
