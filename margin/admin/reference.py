"""Reference data: desks, clients, sub-accounts, assets, venues, calendars, factors, sources, instruments.

One person edits these; a save goes through `margin.flow.reference`, so that every book sees it.
"""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, JSON, TSV
from import_export.forms import ExportForm

from accounts.access import Action
from accounts.admin.base import DeskAdmin, DeskFilter, caller, can, desk_of
from accounts.admin.typed import AnyInline
from accounts.models import Asset, Client, Desk, SubAccount
from margin.admin import in_force, resources
from margin.admin.uploads import Gone, Uploads
from margin.flow.reference import save_reference
from margin.flow.ruled import terms_of
from margin.models import (
    Calendar,
    Instrument,
    InstrumentSource,
    Loading,
    MarginSchedule,
    RatePath,
    RiskFactor,
    Source,
    Venue,
)

NOTHING_TAKEN = (
    "Nothing was imported: the file cannot be taken as it was shown, for something has changed since. "
    "Send it again: its difference says what stands in the way."
)


class ReferenceAdmin(ImportExportMixin, DeskAdmin):
    """A noun that one limits admin or administrator may edit, import with a shown difference, and export.

    The terms of a row that stands are shown and not edited here: they take two people (`margin.admin.terms`).
    """

    edit_action = Action.EDIT_REFERENCE
    export_form_class = ExportForm  # the one with fields to select acts by a handler the policy forbids
    formats = [CSV, TSV, JSON]  # none in which a small file unfolds into a large one
    tmp_storage_class = Uploads

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        ruled = terms_of(self.model) if obj is not None else ()
        return [*super().get_readonly_fields(request, obj), *ruled]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.demand_right(request, obj)
        save_reference(row=obj, person=caller(request), desk=desk_of(obj), changed=form.changed_data)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return can(request, Action.SEE_DESK, None)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().process_import(request, **kwargs)
        except Gone:
            said = (
                "That file is not here any more: it was confirmed already, or waited too long. Send it again."
            )
            self.message_user(request, said, messages.WARNING)
            return redirect("admin:{}_{}_import".format(*self.get_model_info()))
        return answer

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """What was shown to be good may not be any more: a role ended, or another file came first."""
        if not (result.has_errors() or result.has_validation_errors()):
            answer: HttpResponse = super().process_result(result, request)
            return answer
        self.message_user(request, NOTHING_TAKEN, messages.ERROR)
        return redirect("admin:{}_{}_import".format(*self.get_model_info()))

    def get_import_data_kwargs(self, **options: Any) -> dict[str, Any]:
        """All of the file, or none of it."""
        return {**super().get_import_data_kwargs(**options), "rollback_on_validation_errors": True}

    def get_import_resource_kwargs(self, request: HttpRequest, **options: Any) -> dict[str, Any]:
        rights = {
            "person": request.user,
            "right": self.edit_action,
            "immutable": (*self.immutable, *terms_of(self.model)),
        }
        return {**super().get_import_resource_kwargs(request, **options), **rights}

    def get_export_resource_kwargs(self, request: HttpRequest, **options: Any) -> dict[str, Any]:
        return {**super().get_export_resource_kwargs(request, **options), "person": request.user}


@admin.register(Desk)
class DeskPage(ReferenceAdmin):
    resource_classes = [resources.DeskResource]
    edit_action = Action.ADMINISTER
    immutable = ("code", "reporting_currency")
    list_display = ("code", "name", "zone", "reporting_currency")
    list_select_related = ("reporting_currency",)
    search_fields = ("code", "name")


@admin.register(Asset)
class AssetPage(ReferenceAdmin):
    resource_classes = [resources.AssetResource]
    immutable = ("code", "scale")
    list_display = ("code", "name", "kind", "scale", "shock_loading", "step")
    list_filter = ("kind",)
    search_fields = ("code", "name")


class SubAccountsOfClient(AnyInline):
    model = SubAccount
    fields = ("code", "name", "default_mode", "base_currency", "status")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Client)
class ClientPage(ReferenceAdmin):
    resource_classes = [resources.ClientResource]
    immutable = ("code", "desk", "shard")
    list_display = ("code", "name", "desk", "regulatory_class", "status", "shard")
    list_filter = (DeskFilter, "regulatory_class", "status")
    list_select_related = ("desk", "shard")
    search_fields = ("code", "name")
    inlines = [SubAccountsOfClient]


@admin.register(SubAccount)
class SubAccountPage(ReferenceAdmin):
    resource_classes = [resources.SubAccountResource]
    immutable = ("code", "client", "base_currency")
    list_display = ("code", "name", "client", "default_mode", "base_currency", "status")
    list_filter = (DeskFilter, "default_mode", "status", "base_currency")
    list_select_related = ("client__desk", "base_currency")
    search_fields = ("code", "name", "client__code", "client__name")
    autocomplete_fields = ("client",)
    readonly_fields = ("in_force",)

    @admin.display(description="In force now")
    def in_force(self, account: SubAccount) -> str:
        return in_force.of_account(account) if account.pk else "Shown once the account is saved."


@admin.register(Venue)
class VenuePage(ReferenceAdmin):
    resource_classes = [resources.VenueResource]
    list_display = ("code", "name")
    search_fields = ("code", "name")


@admin.register(Calendar)
class CalendarPage(ReferenceAdmin):
    resource_classes = [resources.CalendarResource]
    list_display = ("code", "name", "zone")
    search_fields = ("code", "name")


@admin.register(RiskFactor)
class RiskFactorPage(ReferenceAdmin):
    resource_classes = [resources.RiskFactorResource]
    list_display = ("code", "name", "asset_class")
    list_filter = ("asset_class",)
    search_fields = ("code", "name")


@admin.register(Source)
class SourcePage(ReferenceAdmin):
    resource_classes = [resources.SourceResource]
    list_display = ("code", "name")
    search_fields = ("code", "name")


@admin.register(MarginSchedule)
class SchedulePage(ReferenceAdmin):
    resource_classes = [resources.MarginScheduleResource]
    list_display = ("code", "name")
    search_fields = ("code", "name")


class RuledRows(AnyInline):
    """Rows that two people decide, shown with their instrument."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class SourcesOfInstrument(RuledRows):
    model = InstrumentSource


class LoadingsOfInstrument(RuledRows):
    model = Loading


class RatePathsOfInstrument(RuledRows):
    model = RatePath


@admin.register(Instrument)
class InstrumentPage(ReferenceAdmin):
    resource_classes = [resources.InstrumentResource]
    immutable = ("code", "kind", "settlement", "contract_size")
    list_display = (
        "code",
        "name",
        "product",
        "asset_class",
        "venue",
        "settlement",
        "schedule",
        "calendar",
        "active",
    )
    list_filter = ("asset_class", "product", "kind", "venue", "schedule", "active")
    list_select_related = ("venue", "settlement", "schedule", "calendar")
    search_fields = ("code", "name")
    inlines = [SourcesOfInstrument, LoadingsOfInstrument, RatePathsOfInstrument]
    fieldsets = (
        (
            None,
            {"fields": ("code", "name", "kind", "product", "asset_class", "cap_class", "venue", "active")},
        ),
        ("Contract", {"fields": ("settlement", "underlying", "contract_size", "tick", "lot")}),
        (
            "Margin",
            {
                "fields": ("schedule", "fee_rate", "allow_negative", "reference_price"),
                "description": "Two people change these, as terms of instruments.",
            },
        ),
        (
            "Price guards",
            {"fields": ("calendar", "stale_soft_seconds", "stale_hard_seconds", "jump_band", "guard_band")},
        ),
    )
