"""`/control/`: what is imposed and by whom, the kill switch in two steps, and what each gate has confirmed.

Takes requests; gives HTML. Every deed is a function of `margin.flow.control`, the same that the API calls;
what it refuses is said beside the form. Needs no worker and no run.
"""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.access import Action
from accounts.models import Client, Desk, Proposal, SubAccount, User
from margin.book.controls import standing
from margin.flow.aims import NEEDED, aimed, touched
from margin.flow.confirmed import last_drill, living_gates
from margin.flow.control import MOST_REASON, RELATED, Aim, drill, impose, lift
from margin.models import Instrument, Restriction, Venue
from margin.pages.desk import choose_desk
from margin.pages.live import live_page
from riskdesk import clock
from riskdesk.errors import Refusal

Scope = Restriction.Scope
MOST_HELD, MOST_OVER, MOST_SUGGESTED = 200, 20, 400
ENDS: dict[str, str] = {
    "": "When it is lifted",
    "15": "By itself, in 15 minutes",
    "60": "By itself, in 1 hour",
    "480": "By itself, in 8 hours",
    "1440": "By itself, in 24 hours",
}
"""Minutes, and in words."""
HOUSE = "house"
"""What `where` says of an instrument or a venue on every desk."""


@require_GET
@never_cache
@login_required
def control_page(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    return render(request, "control/page.html", live_page(desk) | _form(request, desk) | now(request))


@require_GET
@never_cache
@login_required
def control_now(request: HttpRequest) -> HttpResponse:
    """The part of the page that moves."""
    if choose_desk(request) is None:
        raise Http404
    return render(request, "control/renewed.html", now(request))


def now(request: HttpRequest) -> dict[str, Any]:
    person, at = request.user, clock.now()
    rows = access.for_user(Restriction.objects.select_related(*RELATED, "proposal"), person)
    waiting = access.for_user(Proposal, person).filter(kind=Proposal.Kind.LIFT, state=Proposal.State.PROPOSED)
    lifts = {str(one.change.get("id")): one for one in waiting.select_related("proposed_by")}
    mine = set(access.desks_where(person, Action.RESTRICT).values_list("pk", flat=True))
    gates = living_gates()
    standing_rows = rows.filter(standing(at))
    held = standing_rows.order_by("state", "rule", "-pk")[:MOST_HELD]  # frozen before reduce_only
    return {
        "held": [
            {
                "row": row,
                "lift": lifts.get(str(row.pk)),
                "may": row.desk_id in mine or (not row.desk_id and mine),
            }
            for row in held
        ],
        "held_count": standing_rows.count(),
        "over": rows.exclude(standing(at)).order_by("-id")[:MOST_OVER],
        "gates": gates,
        "unheard": any(gate.missing_seconds is not None for gate in gates),
        "late": any(gate.is_late for gate in gates),
        "drill": last_drill(),
        "may_restrict": bool(mine),
        "desk": choose_desk(request),
    }


def _form(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    accounts = SubAccount.objects.filter(client__desk=desk).values_list("code", flat=True)
    return {
        "scopes": Scope.choices,
        "states": Restriction.State.choices,
        "may_restrict_here": access.may(request.user, Action.RESTRICT, desk),
        "clients": Client.objects.filter(desk=desk).values_list("code", "name")[:MOST_SUGGESTED],
        "accounts": accounts[:MOST_SUGGESTED],
        "instruments": Instrument.objects.filter(active=True).values_list("code", flat=True)[:MOST_SUGGESTED],
        "venues": Venue.objects.values_list("code", flat=True)[:MOST_SUGGESTED],
    }


# --- imposing: what it would do, and then for real -------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def control_impose(request: HttpRequest) -> HttpResponse:
    """The second step: says whom it stops, asks for the reason, and does it."""
    desk = _desk_to_restrict(request)
    asked = (request.POST if request.method == "POST" else request.GET).dict()
    aim = _aim(request, desk, asked)
    if isinstance(aim, list):
        return _back(request, desk, asked, aim)
    if not access.may(request.user, Action.RESTRICT, aim.desk):
        raise PermissionDenied
    return (
        _imposed(request, desk, aim, asked) if request.method == "POST" else _step(request, desk, aim, asked)
    )


def _aim(request: HttpRequest, desk: Desk, asked: dict[str, str]) -> Aim | list[Refusal]:
    scope, state = asked.get("scope", ""), asked.get("state", "")
    if scope not in Scope.values or state not in Restriction.State.values:
        return [Refusal("scope", "required", scope[:20], "Say what is restricted, and how far.")]
    needed = NEEDED.get(scope, "")
    named = {needed: asked.get(needed, "").strip().upper()} if needed else {}
    if scope == Scope.DESK or (
        scope in (Scope.INSTRUMENT, Scope.VENUE) and asked.get("where", HOUSE) != HOUSE
    ):
        named["desk"] = desk.code
    return aimed(cast(User, request.user), scope, named)


def _back(request: HttpRequest, desk: Desk, asked: dict[str, str], refused: list[Refusal]) -> HttpResponse:
    context = live_page(desk) | _form(request, desk) | now(request)
    context |= {"asked": asked, "says": {one.field: one.message for one in refused}}
    return render(request, "control/page.html", context, status=400)


def _step(
    request: HttpRequest, desk: Desk, aim: Aim, asked: dict[str, str], refused: list[Refusal] | None = None
) -> HttpResponse:
    row = aim.row
    row.state = asked["state"]
    context = {
        "row": row,
        "asked": asked,
        "touched": touched(cast(User, request.user), aim),
        "frozen": row.state == Restriction.State.FROZEN,
        "ends": ENDS.items(),
        "most": MOST_REASON,
        "refused": refused,
        "gates": living_gates(),
    }
    status = 400 if refused else 200
    return render(request, "control/impose.html", live_page(desk) | context, status=status)


def _imposed(request: HttpRequest, desk: Desk, aim: Aim, asked: dict[str, str]) -> HttpResponse:
    at, minutes = clock.now(), asked.get("ends", "")
    ends = at + timedelta(minutes=int(minutes)) if minutes and minutes in ENDS else None
    made = impose(
        aim, state=asked["state"], reason=asked.get("reason", ""), expires_at=ends,
        person=cast(User, request.user), now=at,
    )  # fmt: skip
    if isinstance(made, list):
        return _step(request, desk, aim, asked, made)
    messages.success(request, f"{made.get_state_display()}: {made.whom}.")
    return _seen(desk)


# --- lifting and testing ---------------------------------------------------------------------------------
@require_POST
@never_cache
@login_required
def control_lift(request: HttpRequest, restriction: int) -> HttpResponse:
    """By one person; of what is wide the proposal, which is seen on its own page."""
    rows = access.for_user(Restriction.objects.select_related(*RELATED), request.user)
    row = get_object_or_404(rows, pk=restriction)
    if not access.may(request.user, Action.RESTRICT, row.desk):
        raise PermissionDenied
    found = lift(row, person=cast(User, request.user), reason=request.POST.get("reason", ""), now=clock.now())
    desk = row.desk or cast(Desk, choose_desk(request))
    if isinstance(found, list):
        context = live_page(desk) | _form(request, desk) | now(request)
        context["not_lifted"] = {"id": row.pk, "why": found[0].message}
        status = 400 if found[0].field == "reason" else 409
        return render(request, "control/page.html", context, status=status)
    if isinstance(found, Proposal):
        messages.success(request, "The lift is proposed. Somebody else approves it; until then it holds.")
    else:
        messages.success(request, f"Lifted: {found.whom}.")
    return _seen(desk)


@require_POST
@never_cache
@login_required
def control_drill(request: HttpRequest) -> HttpResponse:
    """A test of the switch: it imposes nothing, and the gates confirm it as they would a restriction."""
    desk = _desk_to_restrict(request)
    if isinstance(drill(cast(User, request.user)), list):
        raise PermissionDenied
    return _seen(desk)


def _desk_to_restrict(request: HttpRequest) -> Desk:
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    if not access.may(request.user, Action.RESTRICT, desk):
        raise PermissionDenied
    return desk


def _seen(desk: Desk) -> HttpResponse:
    """303, so that nothing is sent twice."""
    return HttpResponse(status=303, headers={"Location": f"{reverse('control')}?desk={desk.code}"})
