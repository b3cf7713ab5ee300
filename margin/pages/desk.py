"""`/`: the first page of the desk. Paints what the newest run says; the socket keeps it moving.

Takes a request; gives HTML. Computes no figure: `margin.notify.figures` speaks to page and socket alike.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import Desk
from margin.book.load_rules import policy_of
from margin.book.read import MISSING, NEAR, OVER
from margin.engine.types import Policy
from margin.flow.vitals import desk_vitals
from margin.notify.alerts import open_counts
from margin.notify.figures import desk_figures
from margin.notify.push import Figures
from margin.pages.imposed import wide_on
from margin.pages.rails import rail
from margin.pages.rows import COLUMNS, FULL_SCALE, account_rows, bar_share
from margin.pages.summary import summary
from riskdesk import clock

FIRST_ROWS = 60
"""Rows painted by the server; the snapshot brings the rest a moment later."""
BY_CAPS = {"over": (OVER, MISSING), "near": (NEAR,)}
"""What `?caps=` lets through."""


@require_GET
@never_cache
@login_required
@gzip_page
def desk_page(request: HttpRequest) -> HttpResponse:
    """The desk named by `?desk=`, or the first the person may see."""
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    figures = desk_figures(desk.code, open_counts(desk.code))
    alerts = rail(request.user, desk)
    caps = request.GET.get("caps", "")
    states = BY_CAPS.get(caps, ())
    context = {
        "desk": desk,
        "summary": summary(figures),
        "imposed": wide_on(desk),
        "rows": list(account_rows(figures, most=FIRST_ROWS, states=states)),
        "filters": cap_filters(figures, caps),
        "rail": alerts,
        "bands": bands(policy_of(desk)),
        "page_data": page_data(desk, figures) | {"filters": {"cap_state": states} if states else {}},
    }
    return render(request, "desk/desk.html", context)


@require_GET
@login_required
def to_the_desk(request: HttpRequest) -> HttpResponse:
    """Whoever cuts an address short, or asks for the clients, finds the list of the desk."""
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"{reverse('desk')}?{query}" if query else reverse("desk"))


@dataclass(frozen=True, slots=True)
class CapFilter:
    """One way to look at the list: the states it lets through, and how many stand so. None: all."""

    name: str
    word: str
    states: str
    count: int
    here: bool


def cap_filters(figures: Figures, chosen: str) -> list[CapFilter]:
    """All, over a cap, near a cap: with how many there are."""
    counts = figures.kpi.get("caps", {})
    ways = [
        CapFilter(
            name,
            f"{name.capitalize()} a cap",
            " ".join(states),
            sum(counts.get(state, 0) for state in states),
            name == chosen,
        )
        for name, states in BY_CAPS.items()
    ]
    return [CapFilter("", "All", "", 0, chosen not in BY_CAPS), *ways]


def bands(policy: Policy) -> dict[str, str]:
    """Where the levels begin on the bar of utilisation."""
    levels = {"watch": policy.watch, "at_risk": policy.at_risk, "danger": policy.danger}
    return {
        name: bar_share(str(float(level)), scale=FULL_SCALE, absent="0") for name, level in levels.items()
    }


def choose_desk(request: HttpRequest) -> Desk | None:
    """A desk the person may see. One they may not see does not exist."""
    desks = access.desks_where(request.user, access.Action.SEE_DESK).order_by("code")
    if code := request.GET.get("desk"):
        if desk := next((own for own in desks if own.code == code), None):
            return desk  # compared here: the database refuses a text with a zero byte
        raise Http404
    return desks.first()


def page_data(desk: Desk, figures: Figures) -> dict[str, Any]:
    """What the page's scripts start from."""
    return {
        "desk": desk.code,
        "zone": desk.zone,
        "now": clock.now().isoformat(),
        "socket": f"/ws/desk/{desk.code}/",
        "columns": COLUMNS,
        "heads": {
            str(shard): {"seq": head.seq, "run": head.run, "at": head.at}
            for shard, head in figures.heads.items()
        },
        "prices": figures.prices,
        "engine": desk_vitals(desk),
        "addresses": {
            "alerts": reverse("desk_alerts", args=[desk.code]),
            "state": reverse("desk_state", args=[desk.code]),
            "account": reverse("desk_account", args=[desk.code, "ACCOUNT"]),
            "acknowledge": "/api/v1/alerts/0/acknowledge/",
            "sign_in": reverse("account_login"),
            "present": reverse("present"),
            "confirm": f"{reverse('account_reauthenticate')}?next=/?desk={desk.code}",
        },
    }
