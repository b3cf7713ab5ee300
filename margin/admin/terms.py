"""Terms that two people change on rows one person keeps: of instruments, assets, clients, calendars."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import DeskFilter
from accounts.models import Proposal
from margin.admin.ruled import RuledAdmin
from margin.models import (
    AssetTerms,
    ClientClass,
    InstrumentSource,
    InstrumentTerms,
    Loading,
    RatePath,
    TradingHours,
)


class TermsAdmin(RuledAdmin):
    """The noun itself is made and named on its own page; only its terms are proposed here."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(InstrumentTerms)
class InstrumentTermsPage(TermsAdmin):
    kind = Proposal.Kind.INSTRUMENT_TERMS
    list_display = ("code", "schedule", "fee_rate", "cap_class", "stale_hard_seconds", "guard_band", "active")
    list_filter = ("schedule", "cap_class", "active")
    list_select_related = ("schedule",)
    search_fields = ("code", "name")


@admin.register(AssetTerms)
class AssetTermsPage(TermsAdmin):
    kind = Proposal.Kind.ASSET_TERMS
    list_display = ("code", "name", "shock_loading", "step")
    search_fields = ("code", "name")


@admin.register(ClientClass)
class ClientClassPage(TermsAdmin):
    kind = Proposal.Kind.CLIENT_CLASS
    list_display = ("code", "name", "desk", "regulatory_class")
    list_filter = (DeskFilter, "regulatory_class")
    list_select_related = ("desk",)
    search_fields = ("code", "name")


@admin.register(TradingHours)
class TradingHoursPage(TermsAdmin):
    kind = Proposal.Kind.TRADING_HOURS
    list_display = ("code", "name", "zone")
    search_fields = ("code", "name")


@admin.register(InstrumentSource)
class InstrumentSourcePage(RuledAdmin):
    """Which feed an instrument's mark is taken from, in order."""

    kind = Proposal.Kind.PRICE_SOURCE
    list_display = ("instrument", "rank", "source")
    list_filter = ("source",)
    list_select_related = ("instrument", "source")
    search_fields = ("instrument__code",)
    autocomplete_fields = ("instrument",)


@admin.register(RatePath)
class RatePathPage(RuledAdmin):
    """Which instrument's mark turns one asset into another."""

    kind = Proposal.Kind.RATE_PATH
    list_display = ("base", "quote", "instrument")
    list_select_related = ("base", "quote", "instrument")
    search_fields = ("base__code", "quote__code", "instrument__code")
    autocomplete_fields = ("instrument",)


@admin.register(Loading)
class LoadingPage(RuledAdmin):
    """How much of a factor's move an instrument takes on."""

    kind = Proposal.Kind.LOADING
    list_display = ("instrument", "factor", "loading")
    list_filter = ("factor",)
    list_select_related = ("instrument", "factor")
    search_fields = ("instrument__code", "factor__code")
    autocomplete_fields = ("instrument", "factor")
