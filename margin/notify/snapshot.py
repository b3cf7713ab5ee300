"""The whole of a view at once: for the snapshot by HTTP, and wherever no socket is open.

Takes a desk's code and a view; gives the `Snapshot` frame, or the error that refuses the view. Whoever
calls has asked `accounts.access` already.
"""

from margin.notify.alerts import live_alerts, open_counts
from margin.notify.events import MOST_SHOWN_ALERTS, Error, Snapshot, View
from margin.notify.figures import COLUMNS, desk_figures
from margin.notify.push import select, snapshot, spec_of


def desk_snapshot(desk: str, view: View) -> Snapshot | Error:
    """Figures of the newest frames with the live alerts beside them."""
    spec = spec_of(view, COLUMNS)
    if isinstance(spec, Error):
        return spec
    figures = desk_figures(desk, open_counts(desk))
    return snapshot(figures, spec, select(figures, spec), live_alerts(desk)[:MOST_SHOWN_ALERTS])
