"""Bars that lie on their side, and names as labels: what the charts of one account and of exposures share.

Takes texts and numbers; gives parts of a figure. Text from outside becomes text that Plotly does not read as
markup.
"""

import unicodedata
from collections.abc import Sequence
from html import escape
from typing import Any

from margin.charts.look import layout

LONGEST = 40


def on_side(names: Sequence[str], *, right: int = 10, **own: Any) -> dict[str, Any]:
    """A layout with one row a name, from the top; nothing in it zooms."""
    rows = {
        "range": [len(names) - 0.5, -0.5],
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "showgrid": False,
        "automargin": True,
        "fixedrange": True,
    }
    own["xaxis"] = {"fixedrange": True, **own.get("xaxis", {})}
    found = layout(left=8, bottom=22, yaxis=rows, uirevision="kept", **own)
    found["margin"]["r"] = right
    return found | {"hovermode": "closest", "dragmode": False}


def label(text: str, most: int = LONGEST) -> str:
    """A name as a label: no markup, no marks that turn writing around, not without end."""
    plain = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf"))
    return escape(plain if len(plain) <= most else f"{plain[: most - 1]}…", quote=False)
