"""`/limits/`: every cap in force, the one used most first; the buffers; what waits for a second person.

Takes a request; gives HTML. What may be proposed and decided is on `margin.pages.limit_changes`.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import Desk, HouseBuffer, Proposal
from margin.flow.differences import difference
from margin.flow.proposal_words import proposal_row, value_of, written_lines
from margin.flow.ruled import RULED
from margin.flow.versions import as_json
from margin.models import InstrumentBuffer, Limit, TemporaryExcess
from margin.pages.desk import choose_desk
from margin.pages.limit_words import BROKEN, NEAR, buffer_row, excess_row, limit_row, set_by, whom
from margin.pages.live import live_page
from margin.whatif.limits_in_force import limits_in_force
from riskdesk import clock

MOST_DECIDED = 8
MOST_WAITING = 50
"""Each is written out in words, and every open page asks for the list again and again."""
ORIGINS = ("recorded_by", "proposal__proposed_by", "proposal__approved_by")


@require_GET
@never_cache
@login_required
@gzip_page
def limits_page(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    return render(request, "limits/page.html", live_page(desk) | now(request, desk))


@require_GET
@never_cache
@login_required
def limits_now(request: HttpRequest) -> HttpResponse:
    """The parts of the page that move."""
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    return render(request, "limits/renewed.html", {"desk": desk} | now(request, desk))


def now(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    instant = clock.now()
    rows = [limit_row(row, instant) for row in limits_in_force(desk, instant)]
    asked = proposals(request, desk).filter(state="proposed")
    waiting = [proposal_row(proposal) for proposal in asked[:MOST_WAITING]]
    count = asked.count() if len(waiting) == MOST_WAITING else len(waiting)
    return {
        "rows": rows,
        "tiles": {
            "limits": len(rows),
            "broken": sum(row["word"] in BROKEN for row in rows),
            "near": sum(row["word"] == NEAR for row in rows),
            "most": rows[0] if rows and rows[0]["who"] else None,
            "waiting": count,
        },
        "buffers": [buffer_row(row) for row in buffers(desk)],
        "excesses": [excess_row(row, instant) for row in excesses(desk).filter(valid_to__gt=instant)],
        "may_ask": access.may(request.user, access.Action.ASK_FOR_EXCESS, desk),
        "waiting": waiting,
        "older": count - len(waiting),
        "decided": [
            proposal_row(p) for p in proposals(request, desk).exclude(state="proposed")[:MOST_DECIDED]
        ],
        "may_propose": access.may(request.user, access.Action.PROPOSE, desk),
        "desks_seen": list(access.desks_where(request.user, access.Action.SEE_DESK).order_by("code")),
        "figures": {},
    }


def proposals(request: HttpRequest, desk: Desk) -> "QuerySet[Proposal]":
    """Of this desk and of the whole house, newest first; roles are the administration's."""
    rows = access.for_user(Proposal, request.user).exclude(kind=Proposal.Kind.ROLE)
    rows = rows.filter(desk=desk) | rows.filter(desk=None)
    return rows.select_related("desk", "proposed_by", "decided_by").order_by("-id")


def excesses(desk: Desk) -> "QuerySet[TemporaryExcess]":
    rows = TemporaryExcess.objects.filter(desk=desk, revision_to__isnull=True)
    return rows.select_related("desk__reporting_currency", "client", *ORIGINS).order_by("valid_to")


def buffers(desk: Desk) -> list[HouseBuffer | InstrumentBuffer]:
    own = HouseBuffer.objects.filter(desk=desk, revision_to__isnull=True)
    laid = InstrumentBuffer.objects.filter(revision_to__isnull=True, buffer__gt=0)
    return [
        *own.select_related("desk", "client", "sub_account", *ORIGINS).order_by(
            "sub_account", "client", "id"
        ),
        *laid.select_related("instrument", *ORIGINS).order_by("-buffer"),
    ]


@require_GET
@never_cache
@login_required
def limit_history(request: HttpRequest, limit: int) -> HttpResponse:
    """One limit through its versions, each with what it changed, who made it, and why."""
    rows = access.for_user(Limit, request.user).select_related("desk__reporting_currency")
    found = get_object_or_404(rows, pk=limit)
    named = {name: getattr(found, name) for name in RULED[Proposal.Kind.LIMIT].identity}
    versions = list(
        Limit.objects.filter(**named)
        .select_related("desk__reporting_currency", "client", "sub_account", "instrument", *ORIGINS)
        .order_by("-revision_from")
    )
    context = {
        "title": f"{found.get_kind_display()} · {whom(found)}",
        "desk": found.desk,
        "versions": _history(Proposal.Kind.LIMIT, versions),
        "value": value_of(found, versions[0].value),
    }
    return _history_page(request, found.desk, Proposal.Kind.LIMIT, versions[0], context)


@require_GET
@never_cache
@login_required
def buffer_history(request: HttpRequest, buffer: int) -> HttpResponse:
    rows = access.for_user(HouseBuffer, request.user).select_related("desk")
    found = get_object_or_404(rows, pk=buffer)
    named = {name: getattr(found, name) for name in RULED[Proposal.Kind.BUFFER].identity}
    versions = list(
        HouseBuffer.objects.filter(**named)
        .select_related("desk", "client", "sub_account", *ORIGINS)
        .order_by("-revision_from")
    )
    row = buffer_row(versions[0])
    context = {
        "title": f"House buffer · {row['whom']}",
        "desk": found.desk,
        "versions": _history(Proposal.Kind.BUFFER, versions),
        "value": row["value"],
    }
    return _history_page(request, found.desk, Proposal.Kind.BUFFER, versions[0], context)


def _history_page(
    request: HttpRequest, desk: Desk, kind: Proposal.Kind, newest: Any, context: dict[str, Any]
) -> HttpResponse:
    in_force = newest.revision_to is None
    more = {
        "kind": kind.value,
        "newest": newest,
        "in_force": in_force,
        "may_propose": access.may(request.user, access.Action.PROPOSE, desk),
    }
    return render(request, "limits/history.html", context | more)


def _history(kind: Proposal.Kind, versions: list[Any]) -> list[dict[str, Any]]:
    """Newest first, each against the one before it."""
    ruled, found = RULED[kind], []
    for place, version in enumerate(versions):
        earlier = versions[place + 1] if place + 1 < len(versions) else None
        lines = difference(kind, as_json(ruled, earlier), as_json(ruled, version) or {})
        moved = [line for line in lines if line.moved and (earlier is None or line.name in ruled.values)]
        if earlier is None:
            moved = [line for line in moved if line.name in ruled.values]
        found.append(
            {
                "version": version,
                "lines": written_lines(moved, version if isinstance(version, Limit) else None),
                "set_by": set_by(version),
                "reason": version.proposal.reason if version.proposal else "",
                "note": version.proposal.decision_note if version.proposal else "",
                "is_newest": place == 0,
            }
        )
    return found
