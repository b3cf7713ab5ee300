"""What every admin page shares: rows cut to the caller's desks, rights from role grants, nothing deleted.

Django's own permissions are never asked: `accounts.access` decides here as everywhere.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import Action, desks_where, for_user, may
from accounts.admin.inputs import KeySelect, SplitInstant
from accounts.admin.numbers import PLAIN_NUMBERS
from accounts.admin.typed import AnyAdmin
from accounts.models import Desk, User
from accounts.models.columns import HOUSE_WIDE, INTERNAL


def can(request: HttpRequest, action: Action, desk: Desk | None = None) -> bool:
    """`access.may` for the caller, asked once a request: the admin asks for every noun on every page."""
    known: dict[Any, bool] = request.__dict__.setdefault("_rights", {})
    key = (action, desk and desk.pk)
    if key not in known:
        known[key] = may(request.user, action, desk)
    return known[key]


def caller(request: HttpRequest) -> User:
    """Who is signed in: the site lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class OfferedFilters(AnyAdmin):
    """A list is cut by what its page offers, and by no other column, lookup or pattern of the address."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        name, _, how = lookup.partition("__")
        if name == self.date_hierarchy and how in {"year", "month", "day"}:
            return True
        offered = [getattr(one, "parameter_name", one) for one in self.get_list_filter(request)]
        plainly = how.rpartition("__")[2] in {"", "exact", "isnull", "gte", "lt"}
        return name in offered and plainly and super().lookup_allowed(lookup, value, request)


class DeskAdmin(OfferedFilters):
    """Shows what exists for the caller; lets them add and change it where `edit_action` is theirs."""

    edit_action: Action | None = None
    immutable: tuple[str, ...] = ("code",)
    list_per_page = 50
    formfield_overrides = {**PLAIN_NUMBERS, models.DateTimeField: {"widget": SplitInstant}}
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return for_user(super().get_queryset(request), request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = [name for name in self.immutable if obj is not None and has_column(self.model, name)]
        return [*super().get_readonly_fields(request, obj), *fixed]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Only rows that exist for the caller can be chosen."""
        if getattr(db_field.related_model, "desk_path", INTERNAL) is not INTERNAL:
            right = self.edit_action or Action.SEE_DESK
            options.setdefault("queryset", for_user(db_field.related_model, request.user, right))
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", KeySelect(db_field, self.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def demand_right(self, request: HttpRequest, row: models.Model) -> None:
        """The right to edit, on the desk that the row will belong to: a right elsewhere is not enough."""
        if self.edit_action is None or not can(request, self.edit_action, desk_of(row)):
            raise PermissionDenied

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.SEE_DESK, None)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return self.edit_action is not None and can(request, self.edit_action, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.edit_action is not None and can(request, self.edit_action, desk_of(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(DeskAdmin):
    """What happened can be looked up here, never altered."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DeskFilter(admin.SimpleListFilter):
    """Filter any noun by desk, offering only the desks the caller sees."""

    title = "desk"
    parameter_name = "desk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(desk.code, desk.name) for desk in desks_where(request.user, Action.SEE_DESK)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        path = queryset.model.desk_path
        return queryset.filter(**{f"{path}__code" if path != "pk" else "code": self.value()})


def desk_of(row: models.Model | None) -> Desk | None:
    """The desk a row belongs to, along its model's declared path."""
    if row is None:
        return None
    path = getattr(row, "desk_path", INTERNAL)
    if path in (INTERNAL, HOUSE_WIDE) or isinstance(row, Desk):
        return row if isinstance(row, Desk) else None
    found: Any = row
    for step in path.split("__"):
        found = getattr(found, step, None)
    return found if isinstance(found, Desk) else None


def has_column(model: type[models.Model], name: str) -> bool:
    return any(column.name == name for column in model._meta.get_fields())
