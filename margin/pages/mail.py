"""`/mail/`: every mail the desk sent, as it looked, to those who may see its desk.

Takes deliveries; shows the mail as the mail room received it, else as it will go out. A mail's HTML is shown
in a sandboxed frame under a policy that lets nothing run and nothing be fetched.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from csp.decorators import csp, csp_update
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import escape
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import User
from margin.models import Delivery, Mail
from margin.notify.postman import message_id_of

A_PAGE = 40
NOTHING_RUNS = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "sandbox": [],
}


@dataclass(frozen=True, slots=True)
class Letter:
    delivery: Delivery
    received_at: datetime | None


def may_enter(person: User | AnonymousUser) -> bool:
    return access.desks_for(person).exists()


def letters_of(person: User | AnonymousUser) -> "QuerySet[Delivery]":
    mails = access.for_user(Delivery, person).filter(channel=Delivery.Channel.MAIL)
    return mails.select_related("desk", "alert").order_by("-id")


@require_GET
@never_cache
@login_required
def room(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    page = Paginator(letters_of(request.user), A_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "mail/room.html", {"of_all_desks": True, "page": page, "letters": with_arrivals(list(page))}
    )


@require_GET
@never_cache
@login_required
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # it takes views without arguments only
def message(request: HttpRequest, message: UUID) -> HttpResponse:
    delivery = get_object_or_404(letters_of(request.user), message_id=message)
    letter = with_arrivals([delivery])[0]
    return render(
        request, "mail/message.html", {"of_all_desks": True, "letter": letter, "delivery": delivery}
    )


@require_GET
@never_cache
@login_required
@xframe_options_sameorigin
@csp(NOTHING_RUNS)  # type: ignore[arg-type]  # the same
def body(request: HttpRequest, message: UUID) -> HttpResponse:
    """The mail itself, alone in its frame."""
    delivery = get_object_or_404(letters_of(request.user), message_id=message)
    received = arrivals([delivery]).get(str(delivery.message_id))
    html = (received.html if received else "") or delivery.html
    return HttpResponse(html or f"<pre>{escape(delivery.text)}</pre>")


def with_arrivals(deliveries: list[Delivery]) -> list[Letter]:
    """Each with the instant the built-in mail room received it, where it did."""
    found = arrivals(deliveries)
    return [Letter(each, _received_at(found.get(str(each.message_id)))) for each in deliveries]


def arrivals(deliveries: list[Delivery]) -> dict[str, Mail]:
    """Received mails by the id of their delivery; where one came twice, the later."""
    names = {message_id_of(each): str(each.message_id) for each in deliveries}
    received = Mail.objects.filter(message_id__in=names).defer("raw", "text").order_by("id")
    return {names[mail.message_id]: mail for mail in received}


def _received_at(mail: Mail | None) -> datetime | None:
    return mail.received_at if mail else None
