"""Limits, buffers, schedules, haircuts, policies, roles. Saving makes a proposal; a second person decides.

The forms are Django's own; what they say becomes plain JSON for `margin.flow.change`, which checks it all.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.access import Action
from accounts.admin.base import DeskAdmin, DeskFilter, desk_of
from accounts.models import HouseBuffer, Proposal, RoleGrant, User
from margin.admin import in_force
from margin.flow.change import propose, weigh
from margin.flow.ruled import RULED
from margin.flow.versions import plain, rows_of
from margin.models import (
    DeskPolicy,
    HaircutTier,
    HaircutVersion,
    InstrumentBuffer,
    Limit,
    ScheduleVersion,
    Tier,
)
from riskdesk import clock


class InForce(admin.SimpleListFilter):
    """Versions in force, unless the history is asked for."""

    title = "in force"
    parameter_name = "history"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "With history")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset if self.value() == "all" else queryset.filter(revision_to__isnull=True)


class RuledForm(forms.ModelForm):  # type: ignore[type-arg]
    """A noun's own columns, and the reason that the second person reads."""

    kind: str
    person: User
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The person who approves reads this.",
        max_length=2000,
    )

    def said(self) -> dict[str, Any]:
        """The form's columns as a change is written."""
        ruled = RULED[self.kind]
        return {name: plain(getattr(self.instance, name)) for name in (*ruled.identity, *ruled.values)}

    def _post_clean(self) -> None:
        """Once the instance is filled in, ask the flow what it would refuse, and say it beside the field."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors or RULED[self.kind].rows is not None:
            return
        weighed = weigh(
            kind=self.kind,
            change=self.said(),
            desk=desk_of(self.instance),
            person=self.person,
            now=clock.now(),
        )
        for refusal in weighed if isinstance(weighed, list) else ():
            self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)


class RuledAdmin(DeskAdmin):
    """A noun that changes only by versions that two people make."""

    kind: str
    form = RuledForm
    edit_action = Action.PROPOSE
    immutable = ()
    save_as = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        ruled = RULED[self.kind]
        return [*ruled.identity, *ruled.values, *self.get_readonly_fields(request, obj), "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = RULED[self.kind].identity if obj is not None else ()
        return [*fixed, *self.readonly_fields]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change, **options)
        form.kind, form.person = self.kind, request.user
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        live = getattr(obj, "revision_to", None) is None
        return live and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing is saved: `save_related` knows the tiers too and proposes."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        said = form.said()
        if RULED[self.kind].rows is not None:
            said["rows"] = formsets[0].said()
        self.put_forward(request, form.instance, said, form.cleaned_data["reason"])

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        said = {name: plain(getattr(obj, name)) for name in RULED[self.kind].identity}
        self.put_forward(request, obj, {**said, "end": True}, f"Ended by {request.user}")

    def put_forward(self, request: HttpRequest, row: Any, said: dict[str, Any], reason: str) -> None:
        made = propose(
            kind=self.kind,
            change=said,
            desk=desk_of(row),
            reason=reason,
            person=request.user,
            now=clock.now(),
        )
        if isinstance(made, Proposal):
            request.proposal = made  # type: ignore[attr-defined]
            messages.success(request, f"Proposed: {made.subject}. Somebody else approves it.")
        else:
            for refusal in made:
                messages.error(request, f"{refusal.field or 'change'}: {refusal.message}")

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit trail has it."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """The audit trail has it."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> str:
        return ""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self.to_proposal(request)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.to_proposal(request)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        return self.to_proposal(request)

    def to_proposal(self, request: HttpRequest) -> HttpResponse:
        """On to the proposal; or back to the form, where the refusals are shown."""
        made = getattr(request, "proposal", None)
        if made is None:
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(reverse("admin:accounts_proposal_change", args=[made.pk]))


@admin.register(Limit)
class LimitPage(RuledAdmin):
    kind = Proposal.Kind.LIMIT
    list_display = ("__str__", "desk", "kind", "scope", "whom", "value", "warn", "valid_at", "valid_to")
    list_filter = (InForce, DeskFilter, "kind", "scope", "regulatory_class")
    list_select_related = ("desk", "client", "sub_account", "instrument")
    search_fields = ("client__code", "client__name", "sub_account__code", "instrument__code")
    autocomplete_fields = ("client", "sub_account", "instrument")

    @admin.display(description="whom")
    def whom(self, limit: Limit) -> str:
        return str(
            limit.regulatory_class or limit.client or limit.sub_account or limit.instrument or limit.desk
        )


@admin.register(HouseBuffer)
class HouseBufferPage(RuledAdmin):
    kind = Proposal.Kind.BUFFER
    readonly_fields = ("in_force",)
    list_display = ("__str__", "desk", "regulatory_class", "client", "sub_account", "buffer", "valid_at")
    list_filter = (InForce, DeskFilter, "regulatory_class")
    list_select_related = ("desk", "client", "sub_account")
    search_fields = ("client__code", "client__name", "sub_account__code")
    autocomplete_fields = ("client", "sub_account")

    @admin.display(description="What accounts in this scope get now")
    def in_force(self, row: HouseBuffer) -> str:
        return in_force.of_buffer(row) if row.pk else "Shown once there is one in force."


@admin.register(InstrumentBuffer)
class InstrumentBufferPage(RuledAdmin):
    kind = Proposal.Kind.INSTRUMENT_BUFFER
    list_display = ("instrument", "buffer", "valid_at")
    list_filter = (InForce,)
    list_select_related = ("instrument",)
    search_fields = ("instrument__code",)
    autocomplete_fields = ("instrument",)


class LadderFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
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
    readonly_fields = ("worked",)


class HaircutLadder(LadderFormSet):
    kind = Proposal.Kind.HAIRCUT


class Rows(admin.TabularInline):  # type: ignore[type-arg]
    """The tiers of a version: edited with it, proposed with it."""

    extra = 0

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


@admin.register(DeskPolicy)
class DeskPolicyPage(RuledAdmin):
    kind = Proposal.Kind.POLICY
    list_display = ("desk", "watch", "at_risk", "danger", "target", "at_threshold", "offsets", "valid_at")
    list_filter = (InForce, DeskFilter)
    list_select_related = ("desk",)


@admin.register(RoleGrant)
class RoleGrantPage(RuledAdmin):
    kind = Proposal.Kind.ROLE
    list_display = ("user", "desk", "role", "valid_at")
    list_filter = (InForce, DeskFilter, "role")
    list_select_related = ("user", "desk")
    search_fields = ("user__username",)
