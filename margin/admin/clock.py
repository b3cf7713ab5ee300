"""The desk's clock: jobs at intervals (django-celery-beat) and jobs at a local time of day."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from accounts.access import Action
from accounts.admin.base import DeskAdmin, DeskFilter, OfferedFilters, can
from accounts.admin.typed import AnyForm
from accounts.audit import record
from margin.models import LocalSchedule, LocalSlot
from riskdesk.schedule import job_of, seconds_of

for unused in (ClockedSchedule, SolarSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask):
    admin.site.unregister(unused)


BOUNDS = "From one second to 31 days."
FIXED = ("name", "task", "args", "kwargs", "queue", "expire_seconds")


class ClockRights(OfferedFilters):
    """Who may set limits may set the clock: one row at a time, so that each change leaves its audit row."""

    actions: Any = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can(request, Action.EDIT_REFERENCE, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request, Action.EDIT_REFERENCE, None)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = values_of(self.model._default_manager.filter(pk=obj.pk).first())
        super().save_model(request, obj, form, change)
        told, after = differences(before, values_of(obj))
        record(actor=request.user, action="clock.changed", subject=subject_of(obj), before=told, after=after)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Said when it was saved, with the values."""

    log_addition = log_change

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            before, after = values_of(row), {"change": "deleted"}
            record(
                actor=request.user,
                action="clock.changed",
                subject=subject_of(row),
                before=before,
                after=after,
            )


def subject_of(row: Any) -> str:
    return row.name if isinstance(row, PeriodicTask) else str(row)


def values_of(row: Any) -> dict[str, str]:
    """Every column a person can change, as text."""
    columns = row._meta.concrete_fields if row else ()
    return {
        column.name: str(getattr(row, column.name))
        for column in columns
        if column.editable and not column.primary_key
    }


def differences(before: dict[str, str], after: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What is other than it was: as it was, and as it is."""
    other = {name: value for name, value in after.items() if before.get(name) != value}
    return {name: before[name] for name in other if name in before}, other


class JobForm(PeriodicTaskForm):
    def clean(self) -> Any:
        """What a job does is not asked, so of that there is nothing to check."""
        chosen = self.cleaned_data.get("interval")
        if "interval" in self.cleaned_data and chosen is None:
            self.add_error("interval", "A job goes by an interval. To stop it, disable it.")
        if chosen is not None and seconds_of(chosen.every, chosen.period) is None:
            self.add_error("interval", BOUNDS)
        return self.cleaned_data


class IntervalForm(AnyForm):
    def clean(self) -> Any:
        every, period = self.cleaned_data.get("every"), self.cleaned_data.get("period")
        if every is not None and period and seconds_of(every, period) is None:
            self.add_error("every", BOUNDS)
        return self.cleaned_data


@admin.register(PeriodicTask)
class PeriodicTaskPage(ClockRights, PeriodicTaskAdmin):
    """The desk's own jobs, at intervals: switched, slowed, and nothing else. A job is code: none is added."""

    actions = None
    form = JobForm
    change_form_template = "admin/change_form.html"  # its own holds a script, which the policy forbids
    fieldsets = (
        (
            None,
            {
                "fields": ("enabled", "interval", *FIXED, "last_run_at"),
                "description": "A job can be disabled or given another interval, and nothing else.",
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is none of the desk's, which only an earlier version let anybody add."""
        return super().has_delete_permission(request) and (obj is None or job_of(obj) is None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), *FIXED, "regtask")


@admin.register(IntervalSchedule)
class IntervalPage(ClockRights):
    """Intervals to choose from. What a job goes by stays as it is: choose another on the page of the job."""

    form = IntervalForm
    readonly_fields = ("used_by",)

    @admin.display(description="used by (to change it, choose another interval there)")
    def used_by(self, row: Any) -> str:
        return ", ".join(row.periodictask_set.order_by("name").values_list("name", flat=True)) or "no job"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request) and (obj is None or not obj.periodictask_set.exists())

    has_delete_permission = has_change_permission


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
        before = values_of(LocalSchedule.objects.filter(pk=obj.pk).first())
        super().save_model(request, obj, form, change)
        told, after = differences(before, values_of(obj))
        record(
            actor=request.user, action="clock.changed", subject=obj.name, desk=obj.desk,
            before=told, after=after,
        )  # fmt: skip


@admin.register(LocalSlot)
class LocalSlotPage(DeskAdmin):
    list_display = ("schedule", "local_date", "due_at", "done_at")
    list_filter = (DeskFilter,)
    list_select_related = ("schedule",)
