"""People and their tokens. Roles are not given here: they are proposals (`margin.admin.rules`)."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import Action, desks_for, may
from accounts.admin.base import ReadOnlyAdmin, can
from accounts.audit import record
from accounts.models import ApiToken, User

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
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

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.PROPOSE, None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can(request, Action.ADMINISTER, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An administrator of every desk the person has a role on."""
        desks = [] if obj is None else list(desks_for(obj))
        if not desks:
            return can(request, Action.ADMINISTER, None)
        return all(can(request, Action.ADMINISTER, desk) for desk in desks)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Nobody sets the password of somebody who approves: they could then approve their own proposals."""
        person = User.objects.filter(pk=id).first()
        if person is not None and person.pk != request.user.pk and may(person, Action.APPROVE, None):
            raise PermissionDenied
        answer = super().user_change_password(request, id, form_url)
        if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            record(actor=request.user, action="person.password_set", subject=f"person {person}")
        return answer

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        names = [name for name in form.changed_data if "password" not in name]
        record(
            actor=request.user,
            action="person.changed" if change else "person.added",
            subject=f"person {obj}",
            after={name: str(getattr(obj, name, "")) for name in names},
        )  # fmt: skip


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens by name; the secret is never shown again. Revoking is the only deed here."""

    list_display = ("name", "user", "hint", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    exclude = ("digest",)
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ApiToken]":
        tokens = ApiToken.objects.select_related("user")
        return (
            tokens if can(request, Action.ADMINISTER, None) else tokens.filter(user_id=request.user.pk or 0)
        )

    @admin.action(description="Revoke the chosen tokens", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: "QuerySet[ApiToken]") -> None:
        from accounts.tokens import revoke

        for token in queryset:
            revoke(token=token, by=request.user)
        self.message_user(request, "The chosen tokens no longer open anything.")
