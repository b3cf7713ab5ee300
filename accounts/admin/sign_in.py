"""Who is signed in where, and who is locked out: for administrators, who can end the one and lift the other.

The libraries' own pages are taken away: they answer to Django's permissions, which mean nothing here, and one
of them shows the seeds of second factors.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import Action
from accounts.admin.base import ReadOnlyAdmin, can
from accounts.audit import record

for theirs in (EmailAddress, Authenticator, UserSession, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(theirs):
        admin.site.unregister(theirs)


class SignInAdmin(ReadOnlyAdmin):
    """Rows of no desk: an administrator's, or nobody's."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows if can(request, Action.ADMINISTER) else rows.none()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.ADMINISTER)


@admin.register(UserSession)
class SessionPage(SignInAdmin):
    list_display = ("user", "ip", "user_agent", "created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "ip")
    exclude = ("session_key", "data")
    actions = ["end"]

    @admin.action(description="End the chosen sessions", permissions=["view"])
    def end(self, request: HttpRequest, queryset: "QuerySet[UserSession]") -> None:
        get_adapter().end_sessions(list(queryset))
        self.message_user(request, "The chosen sessions have ended.")


@admin.register(AccessAttempt)
class LockOutPage(SignInAdmin):
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")
    exclude = ("get_data", "post_data")
    actions = ["lift"]

    @admin.action(description="Forget the failures, so that the person may try again", permissions=["view"])
    def lift(self, request: HttpRequest, queryset: "QuerySet[AccessAttempt]") -> None:
        for attempt in queryset:
            record(actor=request.user, action="sign_in.unlocked", subject=f"person:{attempt.username}")
        queryset.delete()
        self.message_user(request, "The chosen people may try again.")
