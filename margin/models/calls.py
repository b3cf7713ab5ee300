"""Margin calls: what a client owes by when, from the first draft to its cure."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models import Client, Desk, SubAccount, Transfer
from accounts.models.columns import amount_field, finite


class MarginCall(models.Model):
    """One call stands per sub-account; what is missing later raises it."""

    desk_path = "desk"

    class Kind(models.TextChoices):
        INTRADAY = "intraday", "Intraday"
        URGENT = "urgent", "Urgent"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ISSUED = "issued", "Issued"
        OVERDUE = "overdue", "Overdue"
        MET = "met", "Met"
        CANCELLED = "cancelled", "Cancelled"

    class Cure(models.TextChoices):
        DEPOSIT = "deposit", "Deposit"
        REDUCTION = "reduction", "Reduction"
        PARAMETER = "parameter", "Change of a rule"
        MARKET = "market", "Market"

    LIVE = (State.DRAFT, State.ISSUED, State.OVERDUE)
    OWED = (State.ISSUED, State.OVERDUE)

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="calls")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="calls")
    sub_account = models.ForeignKey(SubAccount, on_delete=models.PROTECT, related_name="calls")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices)
    amount = amount_field(help_text="What was asked for in all, in the account's base currency, rounded up.")
    paid = amount_field(default=0, help_text="What came in since it was issued, as collateral counts it.")
    basis = models.JSONField(
        default=dict, help_text="What it rests on: by pool the equity, the requirement and what is missing."
    )
    drafted_by = models.ForeignKey("margin.Run", on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Blank: nobody did in time, so the desk issued it by itself.",
    )
    house_revision = models.PositiveBigIntegerField(null=True, help_text="The rules it was issued under.")
    shard_revision = models.PositiveBigIntegerField(null=True, help_text="The positions it was issued on.")
    due_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True, help_text="When the client was reached.")
    acknowledged_at = models.DateTimeField(null=True, help_text="When the client confirmed it.")
    disputed = amount_field(null=True, help_text="What the client disputes; the rest is due all the same.")
    cure = models.CharField(max_length=9, choices=Cure.choices, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["sub_account"],
                condition=Q(state__in=["draft", "issued", "overdue"]),
                name="one_live_call_per_account",
            ),
            finite("margin_call", "amount", "paid", "disputed"),
            CheckConstraint(condition=Q(amount__gt=0, paid__gte=0), name="call_amounts_are_positive"),
            CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"])
                | Q(issued_at__isnull=False, due_at__isnull=False),
                name="what_is_issued_is_due",
            ),
            CheckConstraint(
                condition=Q(state__in=["met", "cancelled"], closed_at__isnull=False)
                | (~Q(state__in=["met", "cancelled"]) & Q(closed_at__isnull=True)),
                name="what_is_over_was_closed",
            ),
        ]
        indexes = [models.Index(fields=["desk", "state", "due_at"])]

    def __str__(self) -> str:
        return f"call {self.pk} on {self.sub_account}"

    @property
    def outstanding(self) -> Decimal:
        return max(Decimal(0), self.amount - self.paid)


class CallEvent(models.Model):
    """One thing that happened to a call. Appended only."""

    desk_path = "call__desk"

    call = models.ForeignKey(MarginCall, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    deed = models.CharField(max_length=20)
    because = models.CharField(max_length=40, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    run = models.ForeignKey("margin.Run", null=True, on_delete=models.PROTECT, related_name="+")
    amount = amount_field(null=True)
    due_at = models.DateTimeField(null=True)
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [finite("call_event", "amount")]

    def __str__(self) -> str:
        return f"{self.call}: {self.deed}"


class CallPayment(models.Model):
    """A deposit that counts towards a call, at what it counted for as collateral when it was seen."""

    desk_path = "call__desk"

    call = models.ForeignKey(MarginCall, on_delete=models.PROTECT, related_name="payments")
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, related_name="+")
    counted = amount_field()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            finite("call_payment", "counted"),
            CheckConstraint(condition=Q(counted__gte=0), name="a_payment_counts_for_something"),
        ]

    def __str__(self) -> str:
        return f"{self.transfer} towards {self.call}"


class CallExtension(models.Model):
    """More time, asked for by one person and given by another. At most one is given per call."""

    desk_path = "call__desk"

    call = models.ForeignKey(MarginCall, on_delete=models.PROTECT, related_name="extensions")
    due_at = models.DateTimeField()
    reason = models.TextField(max_length=2000)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    given = models.BooleanField(null=True, help_text="Blank while it waits for a second person.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            CheckConstraint(
                condition=Q(given__isnull=True) | ~Q(given=True) | ~Q(asked_by=F("decided_by")),
                name="nobody_gives_their_own_extension",
            ),
            CheckConstraint(
                condition=Q(given__isnull=True, decided_at__isnull=True, decided_by__isnull=True)
                | Q(given__isnull=False, decided_at__isnull=False, decided_by__isnull=False),
                name="what_is_decided_has_a_person",
            ),
            UniqueConstraint(fields=["call"], condition=Q(given=True), name="one_extension_per_call"),
            UniqueConstraint(
                fields=["call"], condition=Q(given__isnull=True), name="one_extension_waits_per_call"
            ),
        ]

    def __str__(self) -> str:
        return f"until {self.due_at:%Y-%m-%d %H:%M} UTC"
