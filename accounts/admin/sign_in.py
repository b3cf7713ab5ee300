"""Who is signed in where, and who is locked out: for administrators, who can end the one and lift the other.

Of the people of their own desks, and who has no role yet; a name that is nobody's, for who administers all.

The libraries' own pages are taken away: they answer to Django's permissions, which mean nothing here, and one
of them shows the seeds of second factors.
"""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest

from accounts.access import Action, may_administer, may_administer_the_house, people_for
from accounts.admin.base import ReadOnlyAdmin, can
from accounts.audit import record
from accounts.models import User
from accounts.sessions import LONGEST
from riskdesk import clock

for theirs in (EmailAddress, Authenticator, UserSession, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(theirs):
        admin.site.unregister(theirs)


class SignInAdmin(ReadOnlyAdmin):
    """For administrators; each page shows what concerns the people who exist for them (`people_for`)."""

    def demand_administrator_of(self, request: HttpRequest, people: Iterable[User]) -> None:
        """What is done to somebody concerns every desk they have a role on: all of them, or none."""
        if not all(person == request.user or may_administer(request.user, person) for person in people):
            raise PermissionDenied

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.ADMINISTER)


@admin.register(UserSession)
class SessionPage(SignInAdmin):
    list_display = ("user", "ip", "user_agent", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "ip")
    exclude = ("session_key", "data", "last_seen_at")  # nobody keeps the last: it is when they signed in
    actions = ["end"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[UserSession]":
        """Those that stand: a row outlives its session until the person signs in again."""
        people, now = people_for(request.user, Action.ADMINISTER), clock.now()
        alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
        found: QuerySet[UserSession] = UserSession.objects.filter(
            Exists(alive), user__in=people.values("pk"), created_at__gt=now - LONGEST
        )
        return found

    @admin.action(description="End the chosen sessions", permissions=["view"])
    def end(self, request: HttpRequest, queryset: "QuerySet[UserSession]") -> None:
        sessions = list(queryset.select_related("user"))
        self.demand_administrator_of(request, (session.user for session in sessions))
        get_adapter().end_sessions(sessions)
        self.message_user(request, "The chosen sessions have ended.")


@admin.register(AccessAttempt)
class LockOutPage(SignInAdmin):
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")
    exclude = ("get_data", "post_data")
    actions = ["lift"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AccessAttempt]":
        """By the name that was tried; a name that is nobody's is for who administers the whole house."""
        attempts: QuerySet[AccessAttempt] = AccessAttempt.objects.annotate(tried=Lower("username"))
        if may_administer_the_house(request.user):
            return attempts
        people = people_for(request.user, Action.ADMINISTER)
        return attempts.filter(tried__in=people.values(name=Lower("username")))

    @admin.action(description="Forget the failures, so that the person may try again", permissions=["view"])
    def lift(self, request: HttpRequest, queryset: "QuerySet[AccessAttempt]") -> None:
        tried = queryset.values("tried")
        self.demand_administrator_of(
            request, User.objects.annotate(name=Lower("username")).filter(name__in=tried)
        )
        for attempt in queryset:
            record(actor=request.user, action="sign_in.unlocked", subject=f"person:{attempt.username}")
        queryset.delete()
        self.message_user(request, "The chosen people may try again.")
