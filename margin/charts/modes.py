"""Three modes of one account: equity against requirement while the market moves by -50 % to +50 %.

Takes, by mode, what each shock leaves; gives the figure with a sentence that says the same in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from margin.charts.headroom import GRID, HOVER_LABEL


@dataclass(frozen=True, slots=True)
class Course:
    """One mode along the shocks; `down` and `up` are where its first pool falls."""

    equity: Sequence[float | None]
    requirement: Sequence[float | None]
    down: float | None
    up: float | None


NAMES = {
    "cross": ("Cross", "series-1"),
    "isolated": ("Isolated", "series-2"),
    "as_given": ("As given", "series-3"),
}


def modes(shocks: Sequence[float], courses: Mapping[str, Course]) -> dict[str, Any]:
    """The figure: `data`, `layout`, and its `text` alternative."""
    lines = [line for name, course in courses.items() for line in _lines(name, shocks, course)]
    return {"data": lines, "layout": _layout(), "text": _text(courses)}


def _lines(name: str, shocks: Sequence[float], course: Course) -> list[dict[str, Any]]:
    word, colour = NAMES[name]
    own = {"type": "scatter", "mode": "lines", "x": list(shocks), "legendgroup": name}
    wide = 1.5 if name == "as_given" else 2.2
    return [
        own
        | {
            "name": word,
            "y": list(course.equity),
            "line": {"color": f"var(--{colour})", "width": wide},
            "hovertemplate": f"%{{y:,.0f}}<extra>{word}: equity</extra>",
        },
        own
        | {
            "name": f"{word}: requirement",
            "y": list(course.requirement),
            "line": {"color": f"var(--{colour})", "width": 1.2, "dash": "dot"},
            "showlegend": False,
            "hovertemplate": f"%{{y:,.0f}}<extra>{word}: requirement</extra>",
        },
    ]


def _layout() -> dict[str, Any]:
    return {
        "autosize": True,
        "margin": {"l": 52, "r": 10, "t": 6, "b": 34},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 11, "color": "var(--muted)"},
        "hovermode": "x unified",
        "hoverlabel": HOVER_LABEL,
        "showlegend": False,
        "dragmode": "zoom",
        "xaxis": GRID | {"tickformat": "+.0%", "hoverformat": "+.1%", "title": {"text": "All marks move by"}},
        "yaxis": GRID | {"tickformat": "~s", "nticks": 6, "zeroline": True, "zerolinecolor": "var(--mark)"},
    }


def _text(courses: Mapping[str, Course]) -> str:
    return " ".join(f"{NAMES[name][0]}: {_falls(course)}." for name, course in courses.items())


def _falls(course: Course) -> str:
    found = [f"{shock:+.1%}" for shock in (course.down, course.up) if shock is not None]
    return (
        f"the first pool falls at {' or '.join(found)}" if found else "no market-wide move makes a pool fall"
    )
