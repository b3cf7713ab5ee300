"""Who may do what: the one place that decides.

Takes a person, or a `Principal` (a person through a session or a token), and an action on a desk. Gives yes
or no, the desks, or rows cut down to those that exist for the caller. Pages, API, sockets and admin ask here
and nowhere else; a row of a desk one may not see is treated as if it did not exist (404, never 403).

Authority comes from role grants in force alone. `is_superuser` and `is_staff` are never read here: staff may
open the admin's pages, yet what they find there is cut by the same grants, and a superuser without a grant
sees no row. The way in for everybody is a role that two people gave.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts.models import ApiToken, AuditEvent, Desk, Role, RoleGrant, User
from accounts.models.columns import HOUSE_WIDE, INTERNAL
from riskdesk.errors import Refusal


class Action(StrEnum):
    """What can be done on a desk."""

    SEE_DESK = "see_desk"
    BE_ALERTED = "be_alerted"
    ACKNOWLEDGE = "acknowledge"
    CALL_MARGIN = "call_margin"
    RESTRICT = "restrict"
    MOVE_MONEY = "move_money"
    SEND_POSITIONS = "send_positions"
    CHECK_ORDERS = "check_orders"
    PROPOSE = "propose"
    ASK_FOR_EXCESS = "ask_for_excess"
    APPROVE = "approve"
    EDIT_REFERENCE = "edit_reference"
    ADMINISTER = "administer"


ALLOWED: dict[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.SEE_DESK}),
    Role.RISK_MANAGER: frozenset(
        {
            Action.SEE_DESK,
            Action.BE_ALERTED,
            Action.ACKNOWLEDGE,
            Action.CALL_MARGIN,
            Action.RESTRICT,
            Action.MOVE_MONEY,
            Action.SEND_POSITIONS,
            Action.CHECK_ORDERS,
            Action.ASK_FOR_EXCESS,
        }
    ),
    # Duties are kept apart: who sets the limits does not move the money under them.
    Role.LIMITS_ADMIN: frozenset(
        {
            Action.SEE_DESK,
            Action.PROPOSE,
            Action.ASK_FOR_EXCESS,
            Action.APPROVE,
            Action.EDIT_REFERENCE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Action.SEE_DESK,
            Action.BE_ALERTED,
            Action.RESTRICT,
            Action.PROPOSE,
            Action.ASK_FOR_EXCESS,
            Action.APPROVE,
            Action.EDIT_REFERENCE,
            Action.ADMINISTER,
        }
    ),
}
"""Approving is further bound by the proposal itself: nobody approves their own."""

DESK_AREAS: dict[str, Action] = {
    "read": Action.SEE_DESK,
    "alerts": Action.ACKNOWLEDGE,
    "calls": Action.CALL_MARGIN,
    "restrictions": Action.RESTRICT,
    "transfers": Action.MOVE_MONEY,
    "positions": Action.SEND_POSITIONS,
    "orders": Action.CHECK_ORDERS,
    "limits": Action.PROPOSE,
}
"""Scopes of the form `area:DESK`, each narrowing a token to one action on one desk."""

EXPLICIT_AREAS = frozenset({"prices", "metrics"})
"""House-wide scopes that no role implies: only a token that names them has them."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person at a door, and how they came: by session, or by a token that may narrow them."""

    person: User
    scopes: frozenset[str] = frozenset()
    token: ApiToken | None = None
    session_key: str = ""

    @property
    def name(self) -> str:
        return f"{self.person.username} by {self.token.name}" if self.token else self.person.username

    @property
    def caller(self) -> str:
        """Who repeats a write: one memory of answers per token, one per person in a browser."""
        return f"token:{self.token.pk}" if self.token else f"person:{self.person.pk}"


Who = User | AnonymousUser | Principal
Row = TypeVar("Row", bound=Model)


def roles_for(action: Action) -> list[Role]:
    return [role for role, actions in ALLOWED.items() if action in actions]


def desks_for(person: User | AnonymousUser, *roles: Role) -> "QuerySet[Desk]":
    """The desks on which the person holds one of the roles (any role, if none is named) now."""
    if person.pk is None:
        return Desk.objects.none()
    # `is_active` is asked of the database, not of an object that may be as old as its socket.
    grants = RoleGrant.objects.filter(user_id=person.pk, user__is_active=True, revision_to__isnull=True)
    if roles:
        grants = grants.filter(role__in=roles)
    return Desk.objects.filter(pk__in=grants.values("desk"))


def desks_where(who: Who, action: Action) -> "QuerySet[Desk]":
    """The desks on which the caller may do this, their token's scopes included."""
    person, scopes = _taken_apart(who)
    desks = desks_for(person, *roles_for(action))
    if not scopes:
        return desks
    areas = {area for area, means in DESK_AREAS.items() if means is action}
    named = [code for area, _, code in (scope.partition(":") for scope in scopes) if area in areas]
    return desks.filter(code__in=named)


def desk_codes_of(person_ids: Iterable[int], action: Action) -> set[tuple[int, str]]:
    """The same for many people at once, as (person, desk code): what the sockets ask every second."""
    grants = RoleGrant.objects.filter(
        user_id__in=person_ids,
        user__is_active=True,
        revision_to__isnull=True,
        role__in=roles_for(action),
    )
    return set(grants.values_list("user_id", "desk__code"))


def people_with(action: Action, desk: Desk) -> "QuerySet[User]":
    """The active people whose role on the desk lets them do this: whom a message about it is for."""
    grants = RoleGrant.objects.filter(desk=desk, role__in=roles_for(action), revision_to__isnull=True)
    return User.objects.filter(is_active=True, pk__in=grants.values("user")).order_by("pk")


def people_for(who: Who, action: Action) -> "QuerySet[User]":
    """The people who exist for the caller: with a role on a desk where they may do this, or with none."""
    desks = desks_where(who, action)
    grants = RoleGrant.objects.filter(user=OuterRef("pk"), revision_to__isnull=True)
    theirs = Q(Exists(grants.filter(desk__in=desks))) | ~Q(Exists(grants))
    return User.objects.filter(theirs, Exists(desks))


def may_administer(who: Who, person: User) -> bool:
    """Whether the caller is an administrator of every desk the person has a role on, switched off or not."""
    desks = desks_where(who, Action.ADMINISTER)
    grants = RoleGrant.objects.filter(user_id=person.pk, revision_to__isnull=True)
    return desks.exists() and not grants.exclude(desk__in=desks).exists()


def may_administer_the_house(who: Who) -> bool:
    """Whether the caller is an administrator of every desk there is: whose is what belongs to no desk."""
    desks = desks_where(who, Action.ADMINISTER)
    return desks.exists() and not Desk.objects.exclude(pk__in=desks).exists()


def may(who: Who, action: Action, desk: Desk | None) -> bool:
    """Whether the caller may do this on the desk. No desk: house-wide, takes the right on any."""
    desks = desks_where(who, action)
    return desks.exists() if desk is None else desks.filter(pk=desk.pk).exists()


def lacks(who: Who, action: Action, desk: Desk | None) -> Refusal | None:
    """What a step refuses, if the caller may not do this there; whichever door they came by has asked too."""
    if may(who, action, desk):
        return None
    where = desk.code if desk else ""
    says = f"You may not do this on {where}." if where else "You may not do this on any desk."
    return Refusal("desk", "not_allowed", where, says)


def for_user(
    what: "QuerySet[Row] | type[Row]", who: Who, action: Action = Action.SEE_DESK
) -> "QuerySet[Row]":
    """The rows that exist for the caller: of their desks, by the path each model declares (`desk_path`)."""
    rows: QuerySet[Row] = what if isinstance(what, QuerySet) else what._default_manager.all()
    if person_path := getattr(rows.model, "person_path", None):
        return rows.filter(**{person_path: _taken_apart(who)[0].pk})
    path = getattr(rows.model, "desk_path", INTERNAL)
    if path is INTERNAL:
        raise TypeError(f"{rows.model.__name__} declares no desk_path: nobody reads it through a door")
    desks = desks_where(who, action)
    if path == HOUSE_WIDE:
        return rows.filter(Exists(desks))
    inside = Q(**{f"{path}__in": desks})
    if getattr(rows.model, "blank_desk_is_house_wide", False):
        inside |= Q(Exists(desks), **{f"{path}__isnull": True})
    return rows.filter(inside)


def deeds_for(who: Who) -> "QuerySet[AuditEvent]":
    """Deeds of the caller's desks; those of none (signing in, tokens, clocks) are the whole house's."""
    of_desks = for_user(AuditEvent, who)
    if not may_administer_the_house(who):
        return of_desks
    return AuditEvent.objects.filter(Q(pk__in=of_desks.values("pk")) | Q(desk__isnull=True))


def scope_allows(who: Who, scope: str) -> bool:
    """Whether the caller may do what a scope such as `positions:PRIME` or `prices:sim` names."""
    _, scopes = _taken_apart(who)
    area, _, code = scope.partition(":")
    if area in EXPLICIT_AREAS:
        return scope in scopes
    action = DESK_AREAS.get(area)
    return action is not None and desks_where(who, action).filter(code=code).exists()


def _taken_apart(who: Who) -> tuple[User | AnonymousUser, frozenset[str]]:
    return (who.person, who.scopes) if isinstance(who, Principal) else (who, frozenset())
