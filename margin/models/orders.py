"""Orders as the gate answered them, what became of them, and the headroom they hold.

A decision and an event are facts and never change. A reservation is what an allowed order may still do.
"""

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from accounts.models import Desk, SubAccount
from accounts.models.columns import amount_field, finite


class OrderDecision(models.Model):
    """What was asked, under which id, and the answer that was given: the same to whoever asks it again."""

    desk_path = "desk"

    class Side(models.TextChoices):
        BUY = "buy", "Buy"
        SELL = "sell", "Sell"

    class Decision(models.TextChoices):
        ALLOW = "allow", "Allowed"
        REDUCE_TO = "reduce_to", "Less allowed"
        REJECT = "reject", "Refused"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="order_decisions")
    order_id = models.CharField(max_length=64, help_text="The platform's own; one decision for ever.")
    sub_account = models.ForeignKey(SubAccount, on_delete=models.PROTECT, related_name="order_decisions")
    instrument = models.CharField(max_length=32, help_text="As it was asked: it may be none of ours.")
    side = models.CharField(max_length=4, choices=Side.choices)
    quantity = amount_field()
    price = amount_field(null=True, help_text="Blank: at the market.")
    mode = models.CharField(max_length=8)
    ref = models.CharField(max_length=120, help_text="The position it acts upon.")
    isolated_margin = amount_field(default=0)
    content = models.CharField(max_length=32, help_text="A hash of what was asked.")
    decision = models.CharField(max_length=9, choices=Decision.choices)
    granted = amount_field(help_text="What may be sent; of a refusal, what would pass.")
    reason = models.CharField(max_length=32, help_text="The first reason's code.")
    answer = models.TextField(help_text="As it was given.")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["desk", "order_id"], name="one_decision_per_order_id"),
            finite("order_decision", "quantity", "price", "isolated_margin", "granted"),
            CheckConstraint(condition=Q(quantity__gt=0), name="an_order_has_a_quantity"),
        ]
        indexes = [models.Index(fields=["desk", "-id"]), models.Index(fields=["sub_account", "-id"])]

    def __str__(self) -> str:
        return f"{self.order_id} {self.decision}"


class Reservation(models.Model):
    """Headroom held by an allowed order until its end is told, or until it lapses by policy."""

    desk_path = "decision__desk"

    class State(models.TextChoices):
        RESTING = "resting", "Resting"
        FILLED = "filled", "Filled"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"
        LAPSED = "lapsed", "Lapsed: nobody told its end in time"

    decision = models.OneToOneField(
        OrderDecision, primary_key=True, on_delete=models.PROTECT, related_name="reservation"
    )
    sub_account = models.ForeignKey(SubAccount, on_delete=models.PROTECT, related_name="reservations")
    state = models.CharField(max_length=9, choices=State.choices, default=State.RESTING)
    filled_quantity = amount_field(default=0)
    as_of = models.DateTimeField(null=True, help_text="The newest event's, by the platform's clock.")
    expires_at = models.DateTimeField()
    unsettled = models.BooleanField(
        default=False, help_text="It has fills that no snapshot of positions as new as they has told yet."
    )

    class Meta:
        constraints = [finite("reservation", "filled_quantity")]
        indexes = [
            models.Index(
                fields=["sub_account"],
                condition=Q(state="resting") | Q(unsettled=True),
                name="reservation_in_use",
            )
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.state}"


class OrderEvent(models.Model):
    """What the platform told of an allowed order. `filled_quantity` is all that was filled so far."""

    desk_path = "decision__desk"

    class Kind(models.TextChoices):
        PARTIAL = "partial", "Partly filled"
        FILLED = "filled", "Filled"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"

    decision = models.ForeignKey(OrderDecision, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    filled_quantity = amount_field()
    price = amount_field(null=True, help_text="Of what was filled since the event before, where it was told.")
    as_of = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [finite("order_event", "filled_quantity", "price")]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.kind}"
