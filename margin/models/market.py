"""What is traded: venues, calendars, risk factors, instruments, and whose price of them is believed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models import Asset
from accounts.models.columns import (
    HOUSE_WIDE,
    amount_field,
    code_field,
    coded,
    finite,
    finite_rates,
    name_field,
    rate_field,
    tracked,
    zone_field,
)
from margin.engine.calendar import read_calendar


@tracked()
class Venue(models.Model):
    """Where positions are held."""

    desk_path = HOUSE_WIDE

    code = code_field()
    name = name_field()

    class Meta:
        ordering = ["code"]
        constraints = [coded("venue")]

    def __str__(self) -> str:
        return self.code


def readable_sessions(rows: Any) -> None:
    """Each a pair of moments of a week, as the engine reads them."""
    _read(rows, dict, sessions=rows)


def readable_holidays(days: Any) -> None:
    """Each a date, as the engine reads it."""
    _read(days, str, holidays=days)


def _read(given: Any, kind: type, **part: Any) -> None:
    if not isinstance(given, list) or not all(isinstance(one, kind) for one in given):
        raise ValidationError("A list is needed, written as in the example.", code="calendar")
    try:
        read_calendar(zone="UTC", **part)
    except ValueError as error:
        raise ValidationError("%(said)s", code="calendar", params={"said": str(error)[:200]}) from error


@tracked()
class Calendar(models.Model):
    """When an instrument trades: weekly sessions in a zone, and holidays. No sessions: always open."""

    desk_path = HOUSE_WIDE

    code = code_field()
    name = name_field()
    zone = zone_field(default="UTC")
    sessions = models.JSONField(
        default=list,
        blank=True,
        validators=[readable_sessions],
        help_text='[{"from": "sun 18:00", "to": "fri 17:00"}] in the zone above.',
    )
    holidays = models.JSONField(
        default=list,
        blank=True,
        validators=[readable_holidays],
        help_text='["2026-12-25"]: closed for that local date.',
    )

    class Meta:
        ordering = ["code"]
        constraints = [coded("calendar")]

    def __str__(self) -> str:
        return self.code


@tracked()
class RiskFactor(models.Model):
    """What prices move with."""

    desk_path = HOUSE_WIDE

    class AssetClass(models.TextChoices):
        CRYPTO = "crypto", "Crypto"
        FX = "fx", "FX"
        INDEX = "index", "Equity index"
        COMMODITY = "commodity", "Commodity"
        METAL = "metal", "Precious metal"
        RATES = "rates", "Rates"
        EQUITY = "equity", "Equity"

    code = code_field()
    name = name_field()
    asset_class = models.CharField(max_length=12, choices=AssetClass.choices)

    class Meta:
        ordering = ["code"]
        constraints = [coded("risk_factor")]

    def __str__(self) -> str:
        return self.code


@tracked()
class Instrument(models.Model):
    """What a position is in. Its margin schedule and own buffer are versions of their own."""

    desk_path = HOUSE_WIDE

    class Kind(models.TextChoices):
        LINEAR = "linear", "Linear"
        INVERSE = "inverse", "Inverse"

    class Product(models.TextChoices):
        PERPETUAL = "perpetual", "Perpetual"
        FUTURE = "future", "Future"
        CFD = "cfd", "CFD"
        FX = "fx", "FX"

    code = code_field()
    name = name_field()
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.LINEAR)
    product = models.CharField(max_length=12, choices=Product.choices)
    asset_class = models.CharField(max_length=12, choices=RiskFactor.AssetClass.choices)
    cap_class = models.CharField(
        max_length=24, help_text="The class by which regulation caps leverage: fx_major, gold, crypto …"
    )
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="instruments")
    settlement = models.ForeignKey(
        Asset, on_delete=models.PROTECT, related_name="+", help_text="P&L is in this."
    )
    underlying = models.ForeignKey(
        Asset,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="An asset that moves with it in proportion, where one does.",
    )
    contract_size = amount_field(default=1)
    tick = amount_field(default="0.01")
    lot = amount_field(default="0.001")
    fee_rate = rate_field(default=0, help_text="Liquidation fee, part of maintenance.")
    allow_negative = models.BooleanField(default=False)
    reference_price = amount_field(
        default=0, help_text="Floor of the price in the requirement where prices may be negative."
    )
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="instruments")
    schedule = models.ForeignKey(
        "margin.MarginSchedule", on_delete=models.PROTECT, related_name="instruments"
    )
    stale_soft_seconds = models.PositiveIntegerField(default=5)
    stale_hard_seconds = models.PositiveIntegerField(default=30)
    jump_band = rate_field(
        default="0.10", help_text="A larger relative move is unconfirmed until seen again."
    )
    guard_band = rate_field(
        default="0.05", help_text="How far a price in doubt may lie from the last confirmed one."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            coded("instrument"),
            finite("instrument", "contract_size", "tick", "lot", "reference_price"),
            finite_rates("instrument", "fee_rate", "jump_band", "guard_band"),
            CheckConstraint(
                condition=Q(contract_size__gt=0, tick__gt=0, lot__gt=0, reference_price__gte=0),
                name="instrument_sizes_are_positive",
            ),
            CheckConstraint(
                condition=Q(kind="linear") | Q(allow_negative=False), name="inverse_prices_stay_positive"
            ),
            CheckConstraint(
                condition=Q(stale_hard_seconds__gte=F("stale_soft_seconds")),
                name="instrument_staleness_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.code


@tracked()
class Loading(models.Model):
    """How much of a factor's move an instrument takes on."""

    desk_path = HOUSE_WIDE

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="loadings")
    factor = models.ForeignKey(RiskFactor, on_delete=models.PROTECT, related_name="loadings")
    loading = rate_field(default=1)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["instrument", "factor"], name="one_loading_per_factor"),
            finite_rates("loading", "loading", least="-99"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.factor} {self.loading}"


@tracked()
class Source(models.Model):
    """A feed that may send prices under a token with the scope `prices:<code>`."""

    desk_path = HOUSE_WIDE

    code = models.CharField(max_length=32, unique=True)
    name = name_field()

    class Meta:
        ordering = ["code"]
        constraints = [
            CheckConstraint(
                condition=Q(code__regex=r"^[a-z0-9][a-z0-9_-]{1,31}$"), name="source_code_is_well_formed"
            )
        ]

    def __str__(self) -> str:
        return self.code


@tracked()
class InstrumentSource(models.Model):
    """The order in which an instrument trusts its sources."""

    desk_path = HOUSE_WIDE

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="sources")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="instruments")
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["instrument", "rank"]
        constraints = [
            UniqueConstraint(fields=["instrument", "source"], name="instrument_names_a_source_once"),
            UniqueConstraint(fields=["instrument", "rank"], name="instrument_ranks_sources"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.rank}. {self.source}"


@tracked()
class RatePath(models.Model):
    """An instrument whose mark is the price of one asset in another: an edge of the asset-price graph."""

    desk_path = HOUSE_WIDE

    base = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="rates_as_base")
    quote = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="rates_as_quote")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="rate_paths")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["base", "quote"], name="one_rate_per_pair"),
            CheckConstraint(condition=~Q(base=F("quote")), name="a_rate_joins_two_assets"),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"
