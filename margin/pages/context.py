"""What every page's frame shows: theme, rooms, desks. Asks the database only where a template looks."""

from functools import cache, partial

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import access
from accounts.models import Proposal
from margin.pages.rooms import groups, here_in
from riskdesk import demo_people

THEMES = ("light", "dark")


def desk(request: HttpRequest) -> dict[str, object]:
    """The frame's values. A page that shows one desk adds `desk` itself."""
    theme = request.COOKIES.get("theme", "")
    own = cache(lambda: groups(request))
    demo = settings.ENV.demo and not settings.ENV.production
    return {
        "theme": theme if theme in THEMES else "",
        "demo": demo,
        "demo_people": demo_people.PEOPLE if demo else (),
        "demo_password": demo_people.PASSWORD if demo else "",
        "room_groups": own,
        "room_here": lambda: here_in(own()),
        "desks": SimpleLazyObject(lambda: list(access.desks_for(request.user))),
        "proposals_waiting": partial(proposals_waiting, request),
        "roles": SimpleLazyObject(lambda: roles(request)),
    }


def roles(request: HttpRequest) -> str:
    """The person's roles in words, such as `Risk manager of Prime`."""
    if not request.user.is_authenticated:
        return ""
    grants = request.user.grants.filter(revision_to=None).select_related("desk").order_by("desk", "role")
    return ", ".join(f"{grant.get_role_display()} of {grant.desk}" for grant in grants) or "No desk yet"


def proposals_waiting(request: HttpRequest) -> int:
    """How many proposals of others this person may decide."""
    rows = access.for_user(Proposal, request.user, access.Action.APPROVE)
    return rows.filter(state=Proposal.State.PROPOSED).exclude(proposed_by_id=request.user.pk).count()
