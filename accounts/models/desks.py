"""Desks, the assets they count in, and the shards that carry their clients."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q

from accounts.models.columns import (
    HOUSE_WIDE,
    INTERNAL,
    amount_field,
    code_field,
    coded,
    finite,
    name_field,
    rate_field,
    tracked,
    zone_field,
)

HOUSE = 0
"""The shard number under which house-wide facts (rules, roles, instruments) take their revisions."""


class Shard(models.Model):
    """A part of the house's clients, and the counter of its facts. Number 0 counts the house-wide facts."""

    desk_path = INTERNAL

    number = models.PositiveSmallIntegerField(primary_key=True)
    revision = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return "house" if self.number == HOUSE else f"shard {self.number}"


@tracked()
class Asset(models.Model):
    """What can be owned or owed: currencies, stablecoins, coins, metals."""

    desk_path = HOUSE_WIDE

    class Kind(models.TextChoices):
        FIAT = "fiat", "Currency"
        STABLECOIN = "stablecoin", "Stablecoin"
        COIN = "coin", "Coin"
        METAL = "metal", "Metal"

    code = code_field()
    name = name_field()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    scale = models.PositiveSmallIntegerField(
        default=2, validators=[MaxValueValidator(18)], help_text="Decimals of a ledger amount."
    )
    shock_loading = rate_field(default=1, help_text="How it moves in a market-wide shock; 0 for currencies.")
    step = amount_field(default="0.01", help_text="A deposit is rounded up to this.")

    class Meta:
        ordering = ["code"]
        constraints = [
            coded("asset"),
            finite("asset", "shock_loading", "step"),
            CheckConstraint(condition=Q(scale__lte=18), name="asset_scale_at_most_18"),
            CheckConstraint(condition=Q(step__gt=0), name="asset_step_is_positive"),
        ]

    def __str__(self) -> str:
        return self.code


@tracked()
class Desk(models.Model):
    """A book of clients under one set of eyes."""

    desk_path = "pk"

    code = code_field()
    name = name_field()
    zone = zone_field(default="UTC", help_text="IANA time zone, such as Europe/London.")
    reporting_currency = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["code"]
        constraints = [coded("desk")]

    def __str__(self) -> str:
        return self.name
