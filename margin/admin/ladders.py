"""Rules by size: margin schedules and haircuts, each edited and proposed with all its tiers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.numbers import PLAIN_NUMBERS
from accounts.admin.typed import AnyInline, AnyInlineFormSet
from accounts.models import Proposal
from margin.admin import in_force
from margin.admin.ruled import InForce, RuledAdmin
from margin.flow.ruled import RULED
from margin.flow.versions import plain, rows_of
from margin.models import HaircutTier, HaircutVersion, ScheduleVersion, Tier


class LadderFormSet(AnyInlineFormSet):
    """Tiers, checked as a ladder by the same rule that a proposal is."""

    kind: str

    def said(self) -> list[dict[str, Any]]:
        rows = [f.cleaned_data for f in self.forms if f.cleaned_data and not f.cleaned_data.get("DELETE")]
        rows.sort(key=lambda row: row["floor"])
        return [{name: plain(row[name]) for name in RULED[self.kind].row_values} for row in rows]

    def clean(self) -> None:
        super().clean()
        if not any(form.errors for form in self.forms):
            _, refusals = rows_of(RULED[self.kind], {"rows": self.said()})
            if refusals:
                raise forms.ValidationError([f"{refusal.field}: {refusal.message}" for refusal in refusals])


class TierLadder(LadderFormSet):
    kind = Proposal.Kind.SCHEDULE


class HaircutLadder(LadderFormSet):
    kind = Proposal.Kind.HAIRCUT


class Rows(AnyInline):
    """The tiers of a version: edited with it, proposed with it."""

    extra = 0
    formfield_overrides = PLAIN_NUMBERS

    def get_extra(self, request: HttpRequest, obj: Any = None, **options: Any) -> int:
        return 1 if obj is None else 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class TierRows(Rows):
    model = Tier
    formset = TierLadder


class HaircutRows(Rows):
    model = HaircutTier
    formset = HaircutLadder


@admin.register(ScheduleVersion)
class ScheduleVersionPage(RuledAdmin):
    kind = Proposal.Kind.SCHEDULE
    readonly_fields = ("worked",)
    list_display = ("schedule", "tiers_in_words", "valid_at")
    list_filter = (InForce, "schedule")
    list_select_related = ("schedule",)
    search_fields = ("schedule__code", "schedule__name")
    inlines = [TierRows]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ScheduleVersion]":
        return super().get_queryset(request).prefetch_related("tiers")

    @admin.display(description="Worked")
    def worked(self, version: ScheduleVersion) -> str:
        return in_force.of_schedule(version) if version.pk else "Shown once there is one in force."

    @admin.display(description="maintenance by size")
    def tiers_in_words(self, version: ScheduleVersion) -> str:
        return ", ".join(f"{t.maintenance_rate:.2%} from {t.floor:,.0f}" for t in version.tiers.all())


@admin.register(HaircutVersion)
class HaircutVersionPage(RuledAdmin):
    kind = Proposal.Kind.HAIRCUT
    list_display = ("asset", "tiers_in_words", "liability_maintenance_rate", "valid_at")
    list_filter = (InForce,)
    list_select_related = ("asset",)
    search_fields = ("asset__code",)
    inlines = [HaircutRows]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[HaircutVersion]":
        return super().get_queryset(request).prefetch_related("tiers")

    @admin.display(description="haircut by value")
    def tiers_in_words(self, version: HaircutVersion) -> str:
        return ", ".join(f"{t.haircut:.0%} from {t.floor:,.0f}" for t in version.tiers.all())
