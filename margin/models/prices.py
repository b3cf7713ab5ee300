"""What it is worth: the newest price of each source, prices as they arrived, and those that were refused."""

from django.db import models
from django.db.models import UniqueConstraint

from accounts.models.columns import HOUSE_WIDE, amount_field, finite
from margin.models.market import Instrument, Source


class PriceState(models.TextChoices):
    CONFIRMED = "confirmed", "Confirmed"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"


class Quote(models.Model):
    """The newest price of an instrument from one source, and the newest one that is beyond doubt."""

    desk_path = HOUSE_WIDE

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="quotes")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="quotes")
    price = amount_field()
    bid = amount_field(null=True)
    ask = amount_field(null=True)
    time = models.DateTimeField(help_text="The source's time.")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=PriceState.choices)
    doubt = models.CharField(max_length=120, blank=True)
    doubt_since = models.DateTimeField(null=True, help_text="Since when the source has stood by this price.")
    confirmed_price = amount_field(null=True)
    confirmed_time = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["instrument", "source"], name="one_quote_per_source"),
            finite("quote", "price", "bid", "ask", "confirmed_price"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.price} ({self.source})"


class Tick(models.Model):
    """A price as it arrived, kept for a day for charts and correlation."""

    desk_path = HOUSE_WIDE

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="ticks")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    price = amount_field()
    time = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=PriceState.choices)

    class Meta:
        constraints = [finite("tick", "price")]
        indexes = [models.Index(fields=["instrument", "-time"]), models.Index(fields=["received_at"])]

    def __str__(self) -> str:
        return f"{self.instrument} {self.price} {self.time:%H:%M:%S}"


class PriceRefusal(models.Model):
    """Prices of one source and instrument refused for one reason: counted, with the last one shown."""

    desk_path = HOUSE_WIDE

    source = models.CharField(max_length=32)
    instrument = models.CharField(max_length=64, blank=True, help_text="Blank for names nobody knows.")
    reason = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField(default=1)
    last_value = models.CharField(max_length=80)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            UniqueConstraint(fields=["source", "instrument", "reason"], name="refusals_are_counted_by_reason")
        ]

    def __str__(self) -> str:
        return f"{self.instrument}: {self.reason}"

    @property
    def because(self) -> str:
        """The reason in words."""
        return self.reason.replace("_", " ")
