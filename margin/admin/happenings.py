"""What happened: positions, prices, runs, breaches, alerts, deliveries. Looked up here, never altered."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import Action
from accounts.admin.base import DeskFilter, ReadOnlyAdmin, can
from margin.admin.ruled import InForce
from margin.flow.control import RELATED
from margin.models import (
    Alert,
    Breach,
    Delivery,
    Heartbeat,
    MarginCall,
    PositionVersion,
    PriceRefusal,
    Quote,
    Restriction,
    Run,
)


@admin.register(PositionVersion)
class PositionPage(ReadOnlyAdmin):
    list_display = (
        "sub_account",
        "ref",
        "instrument",
        "mode",
        "quantity",
        "entry_price",
        "source",
        "valid_at",
    )
    list_filter = (InForce, DeskFilter, "mode", "instrument")
    list_select_related = ("sub_account", "instrument")
    search_fields = ("sub_account__code", "sub_account__client__code", "ref", "instrument__code")


@admin.register(Quote)
class QuotePage(ReadOnlyAdmin):
    list_display = (
        "instrument",
        "source",
        "price",
        "state",
        "doubt",
        "time",
        "confirmed_price",
        "confirmed_time",
    )
    list_filter = ("state", "source")
    list_select_related = ("instrument", "source")
    search_fields = ("instrument__code",)


@admin.register(PriceRefusal)
class PriceRefusalPage(ReadOnlyAdmin):
    list_display = ("instrument", "source", "reason", "count", "last_value", "last_at")
    list_filter = ("reason", "source")
    search_fields = ("instrument",)


class EngineAdmin(ReadOnlyAdmin):
    """Of the engine, not of a desk: for whoever may set limits."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows if can(request, Action.PROPOSE, None) else rows.none()


@admin.register(Run)
class RunPage(EngineAdmin):
    list_display = ("started_at", "shard", "seq", "state", "trigger", "attempt", "counts", "timings")
    list_filter = ("state", "trigger", "shard")
    list_select_related = ("shard",)
    search_fields = ("id",)
    exclude = ("partials",)  # sums of every desk of the shard: each is shown on its own desk's pages


@admin.register(Heartbeat)
class HeartbeatPage(EngineAdmin):
    list_display = ("name", "beaten_at", "detail")


@admin.register(Breach)
class BreachPage(ReadOnlyAdmin):
    list_display = ("opened_at", "rule", "subject", "desk", "state", "measured", "allowed", "cured_at")
    list_filter = (DeskFilter, "state", "rule")
    list_select_related = ("desk",)
    search_fields = ("subject", "client__code", "client__name")
    date_hierarchy = "opened_at"


@admin.register(MarginCall)
class MarginCallPage(ReadOnlyAdmin):
    list_display = ("drafted_at", "sub_account", "desk", "kind", "state", "amount", "paid", "due_at", "cure")
    list_filter = (DeskFilter, "state", "kind", "cure")
    list_select_related = ("desk", "sub_account")
    search_fields = ("sub_account__code", "client__code", "client__name")
    date_hierarchy = "drafted_at"


@admin.register(Restriction)
class RestrictionPage(ReadOnlyAdmin):
    list_display = (
        "imposed_at",
        "whom",
        "state",
        "desk",
        "imposed_by",
        "rule",
        "expires_at",
        "lifted_at",
        "lifted_by",
    )
    list_filter = (DeskFilter, "scope", "state", "rule")
    list_select_related = RELATED
    search_fields = ("client__code", "sub_account__code", "instrument__code", "venue__code", "reason")
    date_hierarchy = "imposed_at"


@admin.register(Alert)
class AlertPage(ReadOnlyAdmin):
    list_display = ("raised_at", "severity", "title", "desk", "state", "acknowledged_by", "resolved_at")
    list_filter = (DeskFilter, "severity", "state", "reason")
    list_select_related = ("desk", "acknowledged_by")
    search_fields = ("title", "client__code", "sub_account__code")
    date_hierarchy = "raised_at"


@admin.register(Delivery)
class DeliveryPage(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "kind",
        "channel",
        "recipient",
        "subject",
        "state",
        "attempts",
        "sent_at",
        "error",
    )
    list_filter = (DeskFilter, "state", "kind", "channel")
    search_fields = ("recipient", "subject", "message_id")
