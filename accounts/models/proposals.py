"""A change that needs two people: proposed by one, approved by another, then a version."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q

from accounts.models.desks import Desk


class Proposal(models.Model):
    """A change of anything that alters a requirement or a cap, waiting for a second person."""

    desk_path = "desk"
    blank_desk_is_house_wide = True

    class Kind(models.TextChoices):
        LIMIT = "limit", "Limit"
        EXCESS = "excess", "Temporary excess"
        LIFT = "lift", "Lift of a restriction"
        BUFFER = "buffer", "House buffer"
        INSTRUMENT_BUFFER = "instrument_buffer", "Instrument buffer"
        SCHEDULE = "schedule", "Margin schedule"
        HAIRCUT = "haircut", "Haircut"
        POLICY = "policy", "Desk policy"
        ROLE = "role", "Role"
        INSTRUMENT_TERMS = "instrument_terms", "Terms of an instrument"
        CLIENT_CLASS = "client_class", "Class of a client"
        TRADING_HOURS = "trading_hours", "Trading hours"
        PRICE_SOURCE = "price_source", "Price source"
        RATE_PATH = "rate_path", "Rate path"
        LOADING = "loading", "Factor loading"
        ASSET_TERMS = "asset_terms", "Terms of an asset"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waiting for a second person"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    desk = models.ForeignKey(
        Desk,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="proposals",
        help_text="Blank for what concerns the whole house.",
    )
    subject = models.CharField(max_length=200, help_text="What is to change, in words.")
    change = models.JSONField(help_text="The new values, by field.")
    before = models.JSONField(null=True, blank=True, help_text="The values in force when it was proposed.")
    base_version = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="The version it was made from; approval is refused when another came since.",
    )
    reason = models.TextField(max_length=2000)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="proposals"
    )
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="nobody_approves_their_own_proposal",
            ),
            CheckConstraint(
                condition=Q(state="approved", approved_by__isnull=False)
                | (~Q(state="approved") & Q(approved_by__isnull=True)),
                name="approved_proposals_name_who_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"
