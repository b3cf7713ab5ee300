"""People and their tokens. Roles are not given here: they are proposals (`margin.admin.rules`)."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.access import Action, may_administer, people_for, roles_for
from accounts.admin.base import OfferedFilters, ReadOnlyAdmin, caller, can
from accounts.admin.typed import AnyUserAdmin
from accounts.audit import record
from accounts.models import ApiToken, RoleGrant, User
from accounts.tokens import revoke

admin.site.unregister(Group)

OWN_SIGN_IN = ("is_active", "is_staff")
"""Nobody takes these from themselves: nobody could give them back to the last administrator."""


@admin.register(User)
class PersonPage(OfferedFilters, AnyUserAdmin):
    """Administrators make people and switch them off; nobody is deleted, for their deeds stay."""

    list_display = ("username", "first_name", "email", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Sign-in", {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        return people_for(request.user, Action.PROPOSE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.PROPOSE, None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can(request, Action.ADMINISTER, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An administrator of every desk the person has a role on."""
        return can(request, Action.ADMINISTER, None) if obj is None else may_administer(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A name stands in proposals and in the trail; a new password is sent to the address."""
        fixed = [*super().get_readonly_fields(request, obj)]
        if obj is None:
            return fixed
        if obj.pk == request.user.pk:
            return [*fixed, "username", *OWN_SIGN_IN]
        letters = ("email",) if approves(obj) else ()
        return [*fixed, "username", *letters]

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Nobody sets the password of somebody who approves: they could then approve their own proposals."""
        person = self.get_object(request, id)
        if person is not None and person.pk != request.user.pk and approves(person):
            raise PermissionDenied
        answer = super().user_change_password(request, id, form_url)
        if person and request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            record(actor=request.user, action="person.password_set", subject=f"person:{person.username}")
        return answer

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        still_signed_in(caller(request), obj)
        super().save_model(request, obj, form, change)
        names = [name for name in form.changed_data if "password" not in name]
        record(
            actor=request.user,
            action="person.changed" if change else "person.added",
            subject=f"person:{obj.username}",
            before={name: str(form.initial[name]) for name in names} if change else None,
            after={name: str(getattr(obj, name, "")) for name in names},
        )


def still_signed_in(person: User, other: User) -> None:
    """Asked again under the locks of both: of two who switch each other off at once, one stays."""
    both = User.objects.select_for_update().filter(pk__in=[person.pk, other.pk]).order_by("pk")
    if not any(one.pk == person.pk and one.is_active and one.is_staff for one in both):
        raise PermissionDenied


def approves(person: User) -> bool:
    """By role alone: who is switched off now can be switched on again."""
    roles = roles_for(Action.APPROVE)
    return RoleGrant.objects.filter(user=person, role__in=roles, revision_to__isnull=True).exists()


@admin.register(ApiToken)
class ApiTokenPage(ReadOnlyAdmin):
    """Tokens by name; the secret is never shown again. Revoking is the only deed here."""

    list_display = ("name", "user", "hint", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    exclude = ("digest",)
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ApiToken]":
        """One's own, and those of the people of the desks one administers."""
        people = people_for(request.user, Action.ADMINISTER).values("pk")
        return ApiToken.objects.select_related("user").filter(
            Q(user=request.user.pk or 0) | Q(user__in=people)
        )

    @admin.action(description="Revoke the chosen tokens", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: "QuerySet[ApiToken]") -> None:
        """One's own, and those of people who have no role elsewhere: all of them, or none."""
        tokens = list(queryset)
        if not all(
            token.user == request.user or may_administer(request.user, token.user) for token in tokens
        ):
            raise PermissionDenied
        for token in tokens:
            revoke(token=token, by=request.user)
        self.message_user(request, "The chosen tokens no longer open anything.")
