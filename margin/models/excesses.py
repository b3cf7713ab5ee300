"""Temporary excesses: for a while a client may go beyond the caps upon it."""

from datetime import timedelta

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models import Client, Desk
from accounts.models.columns import ProposedVersion, amount_field, finite
from margin.models.limits import Limit

LONGEST = timedelta(days=92)


class TemporaryExcess(ProposedVersion):
    """Until its end the caps of one kind upon a client are at least this. It ends by itself."""

    desk_path = "desk"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="excesses")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="excesses")
    kind = models.CharField(max_length=16, choices=Limit.Kind.choices, default=Limit.Kind.LEVERAGE)
    value = amount_field(
        help_text="Leverage as a number; an exposure as an amount in the desk's reporting currency."
    )
    valid_to = models.DateTimeField(help_text="From then on the caps count again as they are.")

    class Meta(ProposedVersion.Meta):
        abstract = False
        verbose_name_plural = "temporary excesses"
        constraints = [
            *ProposedVersion.Meta.constraints,
            finite("excess", "value"),
            CheckConstraint(condition=Q(value__gt=0), name="excess_is_positive"),
            CheckConstraint(
                condition=Q(valid_to__gt=F("valid_at"), valid_to__lte=F("valid_at") + LONGEST),
                name="excess_ends_within_92_days",
            ),
            UniqueConstraint(
                fields=["desk", "client", "kind"],
                condition=Q(revision_to__isnull=True),
                name="one_excess_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.client} up to {self.value.normalize():f}"
