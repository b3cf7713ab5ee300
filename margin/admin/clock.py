"""The desk's clock: jobs at intervals (django-celery-beat) and jobs at a local time of day."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from accounts.access import Action
from accounts.admin.base import DeskAdmin, DeskFilter, can
from accounts.admin.typed import AnyAdmin
from accounts.audit import record
from margin.models import LocalSchedule, LocalSlot

for unused in (ClockedSchedule, SolarSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask):
    admin.site.unregister(unused)


class ClockRights(AnyAdmin):
    """Who may set limits may set the clock."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can(request, Action.EDIT_REFERENCE, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.EDIT_REFERENCE, None)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        record(actor=request.user, action="clock.changed", subject=str(obj), after={"change": str(message)})

    log_addition = log_change

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            record(actor=request.user, action="clock.changed", subject=str(row), after={"change": "deleted"})


@admin.register(PeriodicTask)
class PeriodicTaskPage(ClockRights, PeriodicTaskAdmin):
    """Jobs at intervals, in UTC. Edited one by one, so that each change leaves its audit row."""

    actions = None

    change_form_template = "admin/change_form.html"  # its own holds a script, which the policy forbids


@admin.register(IntervalSchedule)
class IntervalPage(ClockRights):
    """Intervals to choose from."""


@admin.register(CrontabSchedule)
class CrontabPage(ClockRights):
    """Crontabs to choose from, in UTC: what must keep a local time is a local schedule."""


@admin.register(LocalSchedule)
class LocalSchedulePage(DeskAdmin):
    edit_action = Action.EDIT_REFERENCE
    immutable = ("desk",)
    list_display = ("name", "job", "desk", "time", "zone", "calendar", "enabled")
    list_editable = ("enabled",)
    list_filter = (DeskFilter, "job", "enabled")
    list_select_related = ("desk", "calendar")

    def save_model(self, request: HttpRequest, obj: LocalSchedule, form: Any, change: bool) -> None:
        self.demand_right(request, obj)
        super().save_model(request, obj, form, change)
        after = {name: str(getattr(obj, name)) for name in form.changed_data}
        record(actor=request.user, action="clock.changed", subject=obj.name, desk=obj.desk, after=after)


@admin.register(LocalSlot)
class LocalSlotPage(DeskAdmin):
    list_display = ("schedule", "local_date", "due_at", "done_at")
    list_filter = (DeskFilter,)
    list_select_related = ("schedule",)
