"""`/audit/`: who did what on one's desks, when, why, from what to what; and how far the seals have come.

Takes a request; gives HTML, or the same rows as CSV. Changes nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts import access
from accounts.checkpoints import read_checkpoints
from accounts.models import AuditEvent, AuditSeal, AuditUnsealed, User
from accounts.seals import keys
from margin.pages.asked import SPAN_WORDS, Asked
from margin.pages.deeds import deeds
from margin.pages.sheet import sheet
from riskdesk import clock
from riskdesk.codes import SHAPE

A_PAGE = 50
MOST_EXPORTED = 10_000
SEALED_WITHIN = timedelta(minutes=10)
HEAD = (
    "number",
    "recorded_at",
    "actor",
    "action",
    "subject",
    "desk",
    "reason",
    "before",
    "after",
    "request",
    "run",
    "seal",
)
FILTERS = ("who", "action", "subject", "since", "until", "run", "request", "before")


def may_enter(person: User | AnonymousUser) -> bool:
    return access.desks_for(person).exists()


@require_GET
@never_cache
@login_required
@gzip_page
def room(request: HttpRequest) -> HttpResponse:
    if not may_enter(request.user):
        return render(request, "desk/nobody.html")
    asked = Asked(request.GET)
    own = access.deeds_for(request.user)
    rows = _filtered(own, asked)
    found = list(rows.select_related("desk", "actor")[: A_PAGE + 1])
    context: dict[str, Any] = {
        "of_all_desks": True,
        "asked": asked,
        "deeds": deeds(found[:A_PAGE]),
        "older": asked.link(before=found[A_PAGE - 1].pk) if len(found) > A_PAGE else "",
        "newest": asked.link(before=None) if "before" in asked.taken else "",
        "whole": asked.link(**dict.fromkeys(FILTERS)),
        "narrowed": any(name in asked.taken for name in FILTERS if name != "before"),
        "actions": list(own.order_by("action").values_list("action", flat=True).distinct()),
        "spans": SPAN_WORDS.items(),
        "csv": asked.link(before=None),
        "most": MOST_EXPORTED,
    }
    return render(request, "audit/room.html", context | {"chain": chain(clock.now())})


@require_GET
@never_cache
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """The same filters, newest first, at most so many rows."""
    if not may_enter(request.user):
        raise Http404
    rows = _filtered(access.deeds_for(request.user), Asked(request.GET)).select_related("desk", "seal")
    return sheet("audit", HEAD, map(_cells, rows[:MOST_EXPORTED]))


def _cells(event: AuditEvent) -> tuple[object, ...]:
    seal = getattr(event, "seal", None)
    return (
        event.pk, event.recorded_at.isoformat(), event.actor_name, event.action, event.subject,
        event.desk.code if event.desk else "", event.reason,
        "" if event.before is None else event.before, "" if event.after is None else event.after,
        event.request_id, event.run_id, seal.number if seal else "",
    )  # fmt: skip


def _filtered(rows: "QuerySet[AuditEvent]", asked: Asked) -> "QuerySet[AuditEvent]":
    wanted = Q()
    if desk := asked.text("desk", SHAPE):
        wanted &= Q(desk__code=desk)
    if who := asked.text("who"):
        wanted &= Q(actor_name__icontains=who)
    if action := asked.text("action", "[a-z_.]{1,60}"):
        wanted &= Q(action=action)
    if subject := asked.text("subject"):
        wanted &= Q(subject__icontains=subject) | Q(reason__icontains=subject)
    if since := asked.since():
        wanted &= Q(recorded_at__gte=since)
    if until := asked.since("until"):
        wanted &= Q(recorded_at__lt=until)
    for name in ("run", "request"):
        if given := asked.text(name, "[A-Za-z0-9._:-]{1,64}"):
            wanted &= Q(**{f"{name}_id__startswith": given})
    if (before := asked.number("before")) is not None:
        wanted &= Q(pk__lt=before)
    return rows.filter(wanted).order_by("-id")


def chain(now: datetime) -> dict[str, Any]:
    """How far the seals have come, and what waits for one."""
    last = AuditSeal.objects.order_by("-number").first()
    waiting = AuditUnsealed.objects.order_by("pk").select_related("event")
    oldest = waiting.first()
    points = read_checkpoints(keys())
    newest = points[-1] if points else None
    late = oldest is not None and now - oldest.event.recorded_at > SEALED_WITHIN
    cut = newest is not None and (not newest.genuine or newest.number > (last.number if last else 0))
    return {
        "last": last,
        "waiting": waiting.count(),
        "late": late,
        "checkpoint": newest,
        "cut": cut,
        "checkpoints": len(points),
    }
