"""Limits, buffers, policies, roles: each page proposes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import DeskFilter
from accounts.models import HouseBuffer, Proposal, RoleGrant, User
from margin.admin import in_force
from margin.admin.ruled import InForce, RuledAdmin
from margin.models import DeskPolicy, InstrumentBuffer, Limit, TemporaryExcess


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
            limit.cap_class
            or limit.regulatory_class
            or limit.client
            or limit.sub_account
            or limit.instrument
            or limit.desk
        )


@admin.register(TemporaryExcess)
class TemporaryExcessPage(RuledAdmin):
    kind = Proposal.Kind.EXCESS
    list_display = ("__str__", "desk", "client", "kind", "value", "valid_at", "valid_to")
    list_filter = (InForce, DeskFilter, "kind")
    list_select_related = ("desk", "client")
    search_fields = ("client__code", "client__name")
    autocomplete_fields = ("client",)


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

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """A person is named, not chosen: the list would show the people of every desk."""
        if db_field.name != "user":
            return super().formfield_for_foreignkey(db_field, request, **options)
        return forms.ModelChoiceField(
            User.objects.all(),
            to_field_name="username",
            widget=forms.TextInput,
            help_text="Their sign-in name.",
        )
