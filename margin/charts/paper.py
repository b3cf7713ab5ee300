"""What every figure stands on: clear paper, the site's type, a quiet grid, labels under the pointer.

Takes texts and colours; gives parts of a figure. Text from outside becomes text that Plotly does not read as
markup.
"""

import unicodedata
from html import escape
from typing import Any

from margin.charts.headroom import GRID, HOVER_LABEL

LONGEST = 40


def paper(*, left: int = 46, right: int = 10, top: int = 6, bottom: int = 22, **more: Any) -> dict[str, Any]:
    """A layout with nothing on it yet."""
    return {
        "autosize": True,
        "margin": {"l": left, "r": right, "t": top, "b": bottom},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 11, "color": "var(--muted)"},
        "hoverlabel": HOVER_LABEL,
        "showlegend": False,
        "uirevision": "kept",
        **more,
    }


def axis(**more: Any) -> dict[str, Any]:
    return GRID | more


def label(text: str, most: int = LONGEST) -> str:
    """A name as a label: no markup, no marks that turn writing around, not without end."""
    plain = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf"))
    return escape(plain if len(plain) <= most else f"{plain[: most - 1]}…", quote=False)
