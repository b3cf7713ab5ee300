"""Three modes of one account: equity against requirement while the market moves by -50 % to +50 %.

Takes, by mode, what each shock leaves; gives the figure with a sentence that says the same in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from margin import formats
from margin.charts.look import AMOUNTS, Figure, layout, line, places


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


def modes(shocks: Sequence[float], courses: Mapping[str, Course]) -> Figure:
    lines = [line for name, course in courses.items() for line in _lines(name, shocks, course)]
    return {"data": lines, "layout": _layout(), "text": _text(courses)}


def _lines(name: str, shocks: Sequence[float], course: Course) -> list[dict[str, Any]]:
    word, colour = NAMES[name]
    owed = f"{word}: requirement"
    digits = _digits(course)
    return [
        line(
            word,
            colour,
            x=shocks,
            y=course.equity,
            legendgroup=name,
            line={"width": 1.5 if name == "as_given" else 2.2},
            hovertemplate=f"%{{y:{digits}}}<extra>{word}: equity</extra>",
        ),
        line(
            owed,
            colour,
            x=shocks,
            y=course.requirement,
            legendgroup=name,
            showlegend=False,
            line={"width": 1.2, "dash": "dot"},
            hovertemplate=f"%{{y:{digits}}}<extra>{owed}</extra>",
        ),
    ]


def _digits(course: Course) -> str:
    """As plotly writes it: where whole units tell too little, a coin's parts without idle zeros."""
    decimals = places(max((abs(value) for value in course.equity if value is not None), default=0.0))
    return f",.{decimals}~r" if decimals else ",.0f"


def _layout() -> dict[str, Any]:
    return layout(
        left=52,
        bottom=34,
        xaxis={
            "tickformat": ".0%",
            "hoverformat": "+.1%",
            "title": {"text": "The market moves by (each mark by its loading)", "font": {"size": 11}},
        },
        yaxis={**AMOUNTS, "nticks": 6, "zeroline": True, "zerolinecolor": "var(--mark)"},
    )


def _text(courses: Mapping[str, Course]) -> str:
    return " ".join(f"{NAMES[name][0]}: {_falls(course)}." for name, course in courses.items())


def _falls(course: Course) -> str:
    found = [formats.signed_percent(shock, 2) for shock in (course.down, course.up) if shock is not None]
    return (
        f"the first pool falls at {' or '.join(found)}" if found else "no market-wide move makes a pool fall"
    )
