"""Positions, as versions: each change closes one row and opens the next."""

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from accounts.models import SubAccount
from accounts.models.columns import Version, amount_field, finite


class PositionVersion(Version):
    """A position from one revision of its shard until another. Quantity 0 is not stored: the row ends."""

    desk_path = "sub_account__client__desk"

    class Mode(models.TextChoices):
        CROSS = "cross", "Cross"
        ISOLATED = "isolated", "Isolated"

    sub_account = models.ForeignKey(SubAccount, on_delete=models.PROTECT, related_name="positions")
    ref = models.CharField(max_length=120)
    instrument = models.ForeignKey("margin.Instrument", on_delete=models.PROTECT, related_name="positions")
    mode = models.CharField(max_length=8, choices=Mode.choices)
    quantity = amount_field()
    entry_price = amount_field()
    realised_pnl = amount_field(default=0)
    leverage = amount_field(
        null=True, blank=True, help_text="Chosen for this position; raises its initial margin."
    )
    venue = models.ForeignKey(
        "margin.Venue", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    strategy = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=32, help_text="Who sent it, and so owns this ref.")

    class Meta(Version.Meta):
        abstract = False
        constraints = [
            *Version.Meta.constraints,
            UniqueConstraint(
                fields=["sub_account", "ref"],
                condition=Q(revision_to__isnull=True),
                name="one_open_position_per_ref",
            ),
            finite("position", "quantity", "entry_price", "realised_pnl", "leverage"),
            CheckConstraint(condition=~Q(quantity=0), name="a_position_has_a_quantity"),
            CheckConstraint(
                condition=Q(leverage__isnull=True) | Q(leverage__gte=1, leverage__lte=10000),
                name="position_leverage_from_1_to_10000",
            ),
        ]
        indexes = [
            models.Index(fields=["sub_account", "revision_from"]),
            models.Index(fields=["sub_account", "revision_to"]),
            models.Index(
                fields=["instrument"],
                condition=Q(revision_to__isnull=True),
                name="position_open_by_instrument",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sub_account} {self.ref}"


class SnapshotTime(models.Model):
    """How far a source's positions of an account reach: older ones are refused."""

    desk_path = "sub_account__client__desk"

    sub_account = models.ForeignKey(SubAccount, on_delete=models.PROTECT, related_name="snapshot_times")
    source = models.CharField(max_length=32)
    as_of = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["sub_account", "source"], name="one_snapshot_time_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.sub_account} {self.source} {self.as_of}"
