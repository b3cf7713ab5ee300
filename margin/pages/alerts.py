"""`/alerts/`: every alert of one's desks, filtered by the address, newest first; taken singly or together.

Takes a request; gives HTML. The API acknowledges; nothing is changed here.
"""

from dataclasses import dataclass
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
from accounts.models import User
from margin.models import Alert
from margin.pages.alert_now import Entry, entry
from margin.pages.alert_story import Event, stories
from margin.pages.asked import SPAN_WORDS, Asked
from margin.pages.desk import choose_desk
from margin.pages.listed import Tabs, listed
from margin.pages.live import live_page
from riskdesk.codes import SHAPE

EMPTY = {
    "open": "Nothing waits for a person. When a cap is passed or a price goes missing, it appears by itself.",
    "taken": "Nothing is in anybody’s hands: what is open waits, what was taken is over.",
    "mine": "You have not acknowledged an alert yet.",
    "resolved": "Nothing has been resolved yet.",
    "all": "This desk has not raised an alert yet.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """`may`: the person may acknowledge it now."""

    entry: Entry
    story: list[Event]
    may: bool


@require_GET
@never_cache
@login_required
@gzip_page
def alerts_page(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    return render(request, "alerts/page.html", live_page(desk) | now(request))


@require_GET
@never_cache
@login_required
def alerts_now(request: HttpRequest) -> HttpResponse:
    """The part of the page that moves."""
    if choose_desk(request) is None:
        raise Http404
    return render(request, "alerts/renewed.html", now(request))


def now(request: HttpRequest) -> dict[str, Any]:
    asked, person = Asked(request.GET), request.user
    own, narrowed = _filtered(access.for_user(Alert, person), asked)
    usual = "all" if "alert" in asked.taken else "open"
    related = own.select_related("desk", "client", "sub_account", "acknowledged_by", "breach")
    found = listed(related, asked, _tabs(person), usual=lambda _: usual)
    return found | {
        "rows": _rows(person, found["rows"]),
        "empty": "No alert fits these filters." if narrowed else EMPTY[found["shown"]],
        "narrowed": narrowed,
        "whole": asked.link(**dict.fromkeys(("severity", "kind", "account", "since", "before", "alert"))),
        "severities": Alert.Severity.choices,
        "kinds": Alert.Reason.choices,
        "spans": SPAN_WORDS.items(),
        "may_acknowledge": access.desks_where(person, access.Action.ACKNOWLEDGE).exists(),
    }


def _tabs(person: User | AnonymousUser) -> Tabs:
    return {
        "open": ("Open", Q(state=Alert.State.OPEN)),
        "taken": ("Taken", Q(state=Alert.State.ACKNOWLEDGED)),
        "mine": ("Mine", Q(acknowledged_by=person.pk)),
        "resolved": ("Resolved", Q(state=Alert.State.RESOLVED)),
        "all": ("All", Q()),
    }


def _filtered(rows: "QuerySet[Alert]", asked: Asked) -> "tuple[QuerySet[Alert], bool]":
    """Cut down by everything but their state; and whether anything was cut."""
    wanted = Q()
    if desk := asked.text("desk", SHAPE):
        rows = rows.filter(desk__code=desk)
    if severity := asked.choice("severity", Alert.Severity.values):
        wanted &= Q(severity=severity)
    if kind := asked.choice("kind", Alert.Reason.values):
        wanted &= Q(reason=kind)
    if code := asked.text("account", SHAPE):
        wanted &= Q(sub_account__code=code) | Q(client__code=code)
    if since := asked.since():
        wanted &= Q(raised_at__gte=since)
    if (alert := asked.number("alert")) is not None:
        wanted &= Q(pk=alert)
    return rows.filter(wanted), bool(wanted)


def _rows(person: User | AnonymousUser, alerts: list[Alert]) -> list[Row]:
    told = stories(alerts)
    mine = set(access.desks_where(person, access.Action.ACKNOWLEDGE).values_list("pk", flat=True))
    return [
        Row(entry(alert), told[alert.pk], alert.state == Alert.State.OPEN and alert.desk_id in mine)
        for alert in alerts
    ]
