"""What a page about one desk's figures starts from: the strip that says how old they are, and its addresses.

Takes a desk and what the page's own script needs; gives the context of `live.html`. The socket says that
there is a new run; the page then fetches its moving part anew.
"""

from typing import Any
from urllib.parse import urlencode

from accounts.models import Desk
from margin.notify.alerts import open_counts
from margin.notify.figures import desk_figures
from margin.pages.desk import page_data
from margin.pages.imposed import wide_on
from margin.pages.summary import summary

NO_RUN = "No run has been committed yet. This page fills by itself when one has."


def live_page(desk: Desk, *, alerts_of: dict[str, str] | None = None) -> dict[str, Any]:
    """`alerts_of` narrows the rail to a client or a sub-account."""
    figures = desk_figures(desk.code, open_counts(desk.code))
    data = page_data(desk, figures) | {"columns": ["account", "level"]}
    data["addresses"]["alerts"] += f"?{urlencode(alerts_of)}" if alerts_of else ""
    return {"desk": desk, "summary": summary(figures), "page_data": data, "imposed": wide_on(desk)}
