"""`/calls/`: margin calls of one's desks: what is owed by when, who comes next, and the whole life of each.

Takes a request; gives HTML. The API does what people decide; nothing is changed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
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
from margin import formats
from margin.book.read import first_rows
from margin.engine.figures import Level
from margin.models import CallEvent, CallExtension, MarginCall
from margin.pages.asked import Asked
from margin.pages.desk import choose_desk
from margin.pages.listed import PLACE, Tabs, listed
from margin.pages.live import live_page
from margin.pages.owed import needs_now
from riskdesk.codes import SHAPE

State = MarginCall.State
MOST_NEXT = 8
MOST_ASKED = 12
"""Of so many calls the page computes what the account would need now; its own page says it of any."""
NEXT = {Level.LIQUIDATION.word: 0, Level.UNKNOWN.word: 1, Level.MARGIN_CALL.word: 2, Level.DANGER.word: 3}
"""Who has no call and may need somebody, worst first."""
INSTEAD = {
    Level.LIQUIDATION.word: "to be closed down, no call",
    Level.UNKNOWN.word: "figures unknown, no call rests on them",
}
TABS: Tabs = {
    "owed": ("Owed", Q(state__in=MarginCall.OWED)),
    "drafts": ("Drafts", Q(state=State.DRAFT)),
    "over": ("Over", Q(state__in=[State.MET, State.CANCELLED])),
    "all": ("All", Q()),
}
EMPTY = {
    "owed": "No client owes margin. A call appears here when an account falls below what the house asks.",
    "drafts": "No draft waits. A run makes one when an account falls below what the house asks.",
    "over": "No call has been met or cancelled yet.",
    "all": "This desk has not called for margin yet.",
}
DEEDS = {
    "draft": "Drafted",
    "issue": "Issued",
    "raise": "Raised",
    "fall_due": "Fell due unpaid",
    "meet": "Met",
    "cancel": "Cancelled",
    "deliver": "Delivered by hand",
    "acknowledge": "The client confirmed it",
    "dispute": "The client disputes it",
    "ask_extension": "More time asked for",
    "give_extension": "More time given",
    "refuse_extension": "More time refused",
}
BECAUSE = {"short_of_house": "equity is below the house requirement"}
"""Reasons that do not read as they are named."""


@dataclass(frozen=True, slots=True)
class Happened:
    event: CallEvent
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """`paid_share` is of the amount, for a bar; `waiting` an extension that waits for its second person.

    `left` is blank where nothing is left to pay; `needs` says what the account would need now, while it owes.
    """

    call: MarginCall
    amount: str
    left: str
    needs: str
    paid: str
    disputed: str
    paid_share: int
    pools: Sequence[Mapping[str, str]]
    story: Sequence[Happened]
    waiting: CallExtension | None
    may: bool
    may_decide: bool


@require_GET
@never_cache
@login_required
@gzip_page
def calls_page(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    return render(request, "calls/page.html", live_page(desk) | now(request))


@require_GET
@never_cache
@login_required
def calls_now(request: HttpRequest) -> HttpResponse:
    """The part of the page that moves."""
    if choose_desk(request) is None:
        raise Http404
    return render(request, "calls/renewed.html", now(request))


def now(request: HttpRequest) -> dict[str, Any]:
    asked, person = Asked(request.GET), request.user
    own, narrowed = _filtered(access.for_user(MarginCall, person), asked)
    usual = (lambda _: "all") if "call" in asked.taken else _first
    found = listed(_with_story(own), asked, TABS, usual=usual, by_time={"owed": "due_at"})
    return found | {
        "rows": _rows(person, found["rows"]),
        "empty": "No call fits these filters." if narrowed else EMPTY[found["shown"]],
        "narrowed": narrowed,
        "whole": asked.link(**dict.fromkeys(("account", "call", *PLACE))),
        "upcoming": _upcoming(person, asked),
    }


def _first(counts: Mapping[str, int]) -> str:
    """What waits for somebody, else what is owed."""
    return "drafts" if counts["drafts"] and not counts["owed"] else "owed"


def _filtered(rows: "QuerySet[MarginCall]", asked: Asked) -> "tuple[QuerySet[MarginCall], bool]":
    wanted = Q()
    if desk := asked.text("desk", SHAPE):
        rows = rows.filter(desk__code=desk)
    if code := asked.text("account", SHAPE):
        wanted &= Q(sub_account__code=code) | Q(client__code=code)
    if (call := asked.number("call")) is not None:
        wanted &= Q(pk=call)
    return rows.filter(wanted), bool(wanted)


def _with_story(rows: "QuerySet[MarginCall]") -> "QuerySet[MarginCall]":
    related = rows.select_related(
        "desk", "client", "sub_account__base_currency", "sub_account__client", "issued_by"
    )
    return related.prefetch_related("events__person", "extensions__asked_by")


def _rows(person: User | AnonymousUser, calls: Sequence[MarginCall]) -> list[Row]:
    mine = set(access.desks_where(person, access.Action.CALL_MARGIN).values_list("pk", flat=True))
    deciding = set(access.desks_where(person, access.Action.APPROVE).values_list("pk", flat=True))
    return [_row(call, mine, deciding, asks=place < MOST_ASKED) for place, call in enumerate(calls)]


def _row(call: MarginCall, mine: set[int], deciding: set[int], *, asks: bool) -> Row:
    scale = call.sub_account.base_currency.scale
    waiting = next((one for one in call.extensions.all() if one.given is None), None)
    return Row(
        call=call,
        amount=formats.whole_up(call.amount, scale),
        paid=formats.whole_down(call.paid, scale),
        left=formats.whole_up(call.outstanding, scale) if call.outstanding else "",
        needs=needs_now(call.sub_account) if asks and call.state in MarginCall.OWED else "",
        disputed=formats.whole_up(call.disputed, scale) if call.disputed else "",
        paid_share=min(100, int(100 * call.paid / call.amount)),
        pools=[
            {
                "name": formats.named(pool["pool"]),
                "equity": formats.whole_down(pool["equity"], scale),
                "required": formats.whole_up(pool["house_maintenance"], scale),
                "missing": formats.whole_up(pool["missing"], scale),
            }
            for pool in call.basis.get("pools", [])
        ],
        story=[Happened(event, _words(event)) for event in call.events.all()],
        waiting=waiting,
        may=call.desk_id in mine and call.state in MarginCall.LIVE,
        may_decide=waiting is not None and call.desk_id in deciding,
    )


def _words(event: CallEvent) -> str:
    who = event.person.get_username() if event.person else "the desk itself"
    because = f": {BECAUSE.get(event.because, event.because.replace('_', ' '))}" if event.because else ""
    return f"{DEEDS.get(event.deed, event.deed)} by {who}{because}"


def _upcoming(person: User | AnonymousUser, asked: Asked) -> list[dict[str, str]]:
    """Who is in trouble with no call: to be closed down, unknown, to be called, in danger; worst first."""
    desks = set(access.desks_where(person, access.Action.SEE_DESK).values_list("code", flat=True))
    chosen = asked.taken.get("desk")
    called = set(
        access.for_user(MarginCall, person)
        .filter(state__in=MarginCall.LIVE)
        .values_list("sub_account__code", flat=True)
    )
    near = first_rows(
        {"desk": desks & {chosen} if chosen else desks, "level": NEXT},
        by=("level", "utilisation"),
        key=_worst_first,
        most=MOST_NEXT,
        without=called,
    )
    return [_shown(row) for row in near]


def _worst_first(row: Mapping[str, Any]) -> tuple[int, bool, Decimal]:
    """By level, then use. One in liquidation has none to show where no equity is left: that is the worst."""
    use = row["utilisation"]
    return NEXT[row["level"]], use is not None, -Decimal(use or 0)


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "account": row["account"],
        "level": row["level"],
        "word": formats.level(row["level"]),
        "instead": INSTEAD.get(row["level"], ""),
        "currency": row["currency"],
        "utilisation": formats.percent(row["utilisation"]),
        "equity": formats.whole_down(row["equity"]),
        "house_maintenance": formats.whole_up(row["house_maintenance"]),
        "pool": formats.named(row["binding_pool"] or ""),
    }
