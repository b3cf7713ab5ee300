"""`/handover/`: what the next person has to know. What changed, is open and whose, is near, the notes.

Takes a request; gives HTML; a POST leaves a note by `margin.flow.handover`. Computes no figure.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.models import AuditEvent, Desk, User
from margin.book.happened import happened
from margin.book.read import account_rows
from margin.flow.handover import HANDED_OVER, MOST_CHARACTERS, hand_over
from margin.models import Alert, Breach, Limit, TemporaryExcess
from margin.pages.asked import SPAN_WORDS, Asked
from margin.pages.desk import choose_desk
from margin.pages.moved import money, moved
from margin.pages.rails import broken
from margin.pages.rows import near
from margin.pages.rule_entries import waiting
from margin.pages.unfinished import unfinished
from riskdesk import clock
from riskdesk.codes import SHAPE
from riskdesk.errors import Refusal

USUAL = timedelta(hours=8)
SOON = timedelta(hours=24)
MOST_NEAR, MOST_NOTES, MOST_OPEN = 12, 5, 40


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@gzip_page
def room(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        if request.method == "POST":
            raise Http404
        return render(request, "desk/nobody.html")
    refused = None
    if request.method == "POST" and isinstance(request.user, User):
        said = hand_over(desk=desk, person=request.user, note=request.POST.get("note", ""))
        if not isinstance(said, Refusal):
            return HttpResponseRedirect(f"{reverse('handover')}?desk={desk.code}")
        refused = said
    context = _context(request, desk) | {"refused": refused, "note": request.POST.get("note", "")}
    status = 200 if refused is None else 403 if refused.rule == "not_allowed" else 400
    return render(request, "handover/room.html", context, status=status)


def _context(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    asked = Asked(request.GET)
    asked.text("desk", SHAPE)
    now = clock.now()
    notes = list(notes_of(desk).select_related("actor")[:MOST_NOTES])
    since = asked.since() or _shift_began(notes, now)
    told = happened(desk, since=since, until=now)
    alerts = access.for_user(Alert, request.user).filter(desk=desk)
    related = alerts.select_related("client", "sub_account", "acknowledged_by").order_by("raised_at")
    waits = related.filter(state=Alert.State.OPEN)
    taken = related.filter(state=Alert.State.ACKNOWLEDGED)
    return {
        "desk": desk,
        "asked": asked,
        "now": now,
        "since": since,
        "spans": SPAN_WORDS.items(),
        "notes": notes,
        "told": told,
        "moved": moved(told.first, told.last),
        "money": money(told.money),
        "open": list(waits[:MOST_OPEN]),
        "open_count": waits.count(),
        "taken": list(taken[:MOST_OPEN]),
        "taken_count": taken.count(),
        "unfinished": unfinished(request.user, desk),
        "broken": broken(Breach.objects.filter(desk=desk, state__in=Breach.BROKEN)),
        "near": _near(desk),
        "ending": _ending(desk, now),
        "waiting": waiting(desk),
        "may": access.may(request.user, access.Action.ACKNOWLEDGE, desk),
        "most": MOST_CHARACTERS,
    }


def notes_of(desk: Desk) -> "QuerySet[AuditEvent]":
    return AuditEvent.objects.filter(desk=desk, action=HANDED_OVER).order_by("-id")


def _shift_began(notes: list[AuditEvent], now: datetime) -> datetime:
    """With the last note, unless that is longer ago than a day."""
    return notes[0].recorded_at if notes and now - notes[0].recorded_at < SOON else now - USUAL


def _near(desk: Desk) -> list[dict[str, Any]]:
    """The nearest to trouble, by the newest runs."""
    return [near(row) | {"client": row["client"]} for row in account_rows([desk.code])[:MOST_NEAR]]


def _ending(desk: Desk, now: datetime) -> list[Limit | TemporaryExcess]:
    """Limits and excesses that end within a day: what they allowed stops being allowed."""
    within = {"revision_to__isnull": True, "valid_to__gt": now, "valid_to__lte": now + SOON}
    limits = Limit.objects.filter(desk=desk, **within).select_related("client", "sub_account", "instrument")
    excesses = TemporaryExcess.objects.filter(desk=desk, **within).select_related("client")
    return [*excesses.order_by("valid_to"), *limits.order_by("valid_to")]
