"""Pieces of the desk page that its scripts fetch: rail, positions of an account, engine state, chart.

Each asks the same question first: may this person see this desk? If not, it does not exist.
"""

import re
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import Desk
from margin.book.history import desk_history
from margin.book.load_rules import policy_of
from margin.book.read import account_row, position_rows
from margin.charts.headroom import headroom
from margin.flow.vitals import desk_vitals
from margin.pages.drawer import drawer
from margin.pages.rails import in_liquidation_since, rail
from riskdesk import clock
from riskdesk.codes import SHAPE

CODE = re.compile(SHAPE)
CHART_SPAN = timedelta(minutes=30)


@require_GET
@never_cache
@login_required
def alerts(request: HttpRequest, code: str) -> HttpResponse:
    """Of the desk, or of one client or sub-account of it."""
    desk = desk_or_404(request, code)
    client, account = (request.GET.get(name, "") for name in ("client", "account"))
    about = {"client": client} if CODE.fullmatch(client) else {}
    about |= {"account": account} if CODE.fullmatch(account) else {}
    return render(request, "desk/rail.html", {"rail": rail(request.user, desk, **about), "desk": desk})


@require_GET
@never_cache
@login_required
def account(request: HttpRequest, code: str, account: str) -> HttpResponse:
    """What stands behind one row: its next events and its positions."""
    desk = desk_or_404(request, code)
    row = account_row(account)
    if row is None or row["desk"] != desk.code:
        raise Http404
    context = {"drawer": drawer(row, position_rows(account)), "since": in_liquidation_since(row)}
    return render(request, "desk/rows/positions.html", context)


@require_GET
@never_cache
@login_required
def state(request: HttpRequest, code: str) -> HttpResponse:
    return JsonResponse(desk_vitals(desk_or_404(request, code)))


@require_GET
@never_cache
@login_required
def history(request: HttpRequest, code: str) -> HttpResponse:
    """The figure of the desk's headroom chart."""
    desk = desk_or_404(request, code)
    points = desk_history(desk.code, since=clock.now() - CHART_SPAN)
    figure = headroom(
        points,
        bands=policy_of(desk),
        currency=desk.reporting_currency.code,
        until=clock.now(),
        span=CHART_SPAN,
    )
    return JsonResponse(figure)


def desk_or_404(request: HttpRequest, code: str) -> Desk:
    desks = access.desks_where(request.user, access.Action.SEE_DESK).select_related("reporting_currency")
    return get_object_or_404(desks, code=code)
