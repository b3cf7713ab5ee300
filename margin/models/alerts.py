"""Alerts for people, and the outbox that carries them out."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from accounts.models import Client, Desk, SubAccount
from accounts.models.columns import INTERNAL


class Alert(models.Model):
    """Something a person must know: raised in the transaction that made it true."""

    desk_path = "desk"

    class Severity(models.TextChoices):
        INFO = "info", "Information"
        WARNING = "warning", "Warning"
        CRITICAL = "critical", "Critical"

    class Reason(models.TextChoices):
        BREACH_OPENED = "breach_opened", "Breach opened"
        BREACH_REOPENED = "breach_reopened", "Breach reopened"
        LIMIT_NEAR = "limit_near", "Limit near"
        CAP_MISSING = "cap_missing", "Cap missing"
        MARGIN_CALL = "margin_call", "Margin call"
        LIQUIDATION = "liquidation", "Liquidation"
        FIGURE_UNKNOWN = "figure_unknown", "Figure unknown"
        PRICE_IN_DOUBT = "price_in_doubt", "Price in doubt"
        FEED_SILENT = "feed_silent", "Feed silent"
        SHARD_PARKED = "shard_parked", "Shard parked"
        DELIVERY_FAILED = "delivery_failed", "Delivery failed"
        CALL_OVERDUE = "call_overdue", "Margin call overdue"
        CONTROL_UNCONFIRMED = "control_unconfirmed", "Restriction unconfirmed"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        RESOLVED = "resolved", "Resolved"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="alerts")
    client = models.ForeignKey(Client, null=True, on_delete=models.PROTECT, related_name="alerts")
    sub_account = models.ForeignKey(SubAccount, null=True, on_delete=models.PROTECT, related_name="alerts")
    breach = models.ForeignKey("margin.Breach", null=True, on_delete=models.PROTECT, related_name="alerts")
    reason = models.CharField(max_length=40, choices=Reason.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    title = models.CharField(max_length=160)
    text = models.TextField()
    key = models.CharField(
        max_length=200, help_text="The same deed raises one alert: unique among all.", unique=True
    )
    run = models.ForeignKey("margin.Run", null=True, on_delete=models.PROTECT, related_name="alerts")
    raised_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(max_length=2000, blank=True)
    resolved_at = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(
        null=True, help_text="Who was told first has until then. Blank: no deadline."
    )
    escalations = models.PositiveSmallIntegerField(default=0, help_text="How often it went up unanswered.")
    escalated_at = models.DateTimeField(null=True)
    escalates_at = models.DateTimeField(
        null=True, help_text="When it goes up next, unless somebody takes it."
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            CheckConstraint(
                condition=Q(escalations=0, escalated_at=None)
                | Q(escalations__gt=0, escalated_at__isnull=False),
                name="alert_went_up_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["desk", "-id"]),
            models.Index(fields=["escalates_at"], condition=Q(state="open"), name="alert_unanswered"),
            models.Index(
                fields=["desk", "severity"], condition=~Q(state="resolved"), name="alert_live_by_severity"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One message on its way to one person: the intent first, the deed after. Sent at least once."""

    desk_path = "desk"

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"

    message_id = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Stable over attempts.")
    alert = models.ForeignKey(Alert, null=True, on_delete=models.PROTECT, related_name="deliveries")
    call = models.ForeignKey(
        "margin.MarginCall", null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=20, help_text="alert, escalation, digest or call")
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.MAIL)
    recipient = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["alert", "channel", "recipient"], name="one_delivery_per_alert_and_recipient"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="delivery_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"


class Mail(models.Model):
    """A message as the built-in mail room received it over SMTP."""

    desk_path = INTERNAL

    message_id = models.CharField(max_length=200, db_index=True)
    sender = models.CharField(max_length=254)
    recipients = models.JSONField(default=list)
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    raw = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject
