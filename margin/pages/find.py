"""`/find/`: clients and sub-accounts by code or name, of desks the person may see. The only one opens.

Takes what was typed; gives a page, or the rows alone for the box in the top bar. A name is text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import Client, SubAccount
from margin.pages.rooms import Room, rooms

MOST = 8
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Found:
    kind: str
    code: str
    name: str
    path: str


@require_GET
@never_cache
@login_required
def find_page(request: HttpRequest) -> HttpResponse:
    typed = typed_in(request)
    found = find(request, typed)
    exact = [one for one in found if one.code == typed.upper()]
    if exact or (typed and len(found) == 1):
        return redirect((exact or found)[0].path)
    return render(request, "find/page.html", {"typed": typed, "found": found})


@require_GET
@never_cache
@login_required
def find_rows(request: HttpRequest) -> HttpResponse:
    """The rows below the box, as one types."""
    typed = typed_in(request)
    return render(request, "find/rows.html", {"typed": typed, "found": find(request, typed)})


def typed_in(request: HttpRequest) -> str:
    """Trimmed, without a zero byte, which the database refuses."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]


def find(request: HttpRequest, typed: str) -> list[Found]:
    """Pages, clients, sub-accounts; codes that begin so before names that hold it."""
    if not typed:
        return []
    doors = [_room(room) for room in rooms(request) if typed.lower() in room.name.lower()]
    clients = access.for_user(Client, request.user)
    accounts = access.for_user(SubAccount, request.user)
    return [
        *doors,
        *_rows("client", "Client", _fitting(clients, typed)),
        *_rows("account", "Account", _fitting(accounts, typed)),
    ]


def _room(room: Room) -> Found:
    return Found("Page", room.name, "", room.path)


def _fitting(rows: "QuerySet[Client] | QuerySet[SubAccount]", typed: str) -> Sequence[Client | SubAccount]:
    place = Case(When(code__istartswith=typed, then=Value(0)), default=Value(1), output_field=IntegerField())
    fits = Q(code__icontains=typed) | Q(name__icontains=typed)
    return list(rows.filter(fits).annotate(place=place).order_by("place", "code")[:MOST])


def _rows(route: str, kind: str, rows: Sequence[Client | SubAccount]) -> list[Found]:
    return [Found(kind, row.code, row.name, reverse(route, args=[row.code])) for row in rows]
