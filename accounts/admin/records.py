"""What was recorded: money moved, balances, deeds. Looked up here, never altered."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import deeds_for
from accounts.admin.base import DeskFilter, ReadOnlyAdmin
from accounts.models import AuditEvent, Balance, Pocket, Transfer


@admin.register(Transfer)
class TransferPage(ReadOnlyAdmin):
    list_display = (
        "id",
        "desk",
        "reference",
        "debit",
        "credit",
        "amount",
        "asset",
        "valid_at",
        "recorded_by",
    )
    list_filter = (DeskFilter, "asset")
    list_select_related = (
        "desk",
        "asset",
        "recorded_by",
        *(f"{e}__{p}" for e in ("debit", "credit") for p in ("sub_account", "desk")),
    )
    search_fields = ("reference", "debit__sub_account__code", "credit__sub_account__code")
    date_hierarchy = "valid_at"


@admin.register(Pocket)
class PocketPage(ReadOnlyAdmin):
    list_display = ("key", "kind", "desk", "sub_account")
    list_filter = (DeskFilter, "kind")
    list_select_related = ("desk", "sub_account")
    search_fields = ("key", "sub_account__code")


@admin.register(Balance)
class BalancePage(ReadOnlyAdmin):
    list_display = ("pocket", "asset", "amount", "revision")
    list_filter = (DeskFilter, "asset")
    list_select_related = ("asset", "pocket__sub_account", "pocket__desk")
    search_fields = ("pocket__sub_account__code", "pocket__key")


@admin.register(AuditEvent)
class AuditEventPage(ReadOnlyAdmin):
    list_display = ("recorded_at", "actor_name", "action", "subject", "desk", "reason", "sealed")
    list_filter = (DeskFilter, "action")
    list_select_related = ("desk", "seal")
    search_fields = ("subject", "actor_name", "action", "request_id", "run_id")
    date_hierarchy = "recorded_at"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AuditEvent]":
        return deeds_for(request.user).select_related(*self.list_select_related)

    @admin.display(boolean=True)
    def sealed(self, event: AuditEvent) -> bool:
        return hasattr(event, "seal")
