"""What the desk imposes beside what it measures: restrictions, every change of them, and who heard of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q

from accounts.models import Client, Desk, Proposal, SubAccount
from accounts.models.columns import INTERNAL
from margin.models.market import Instrument, Venue


class Restriction(models.Model):
    """So far and no further: on an account, a client, an instrument, a venue, a desk, or the whole house.

    In force from its revision of control until it is lifted or its time is over. It is never deleted.
    """

    desk_path = "desk"
    blank_desk_is_house_wide = True

    class Scope(models.TextChoices):
        ACCOUNT = "account", "Sub-account"
        CLIENT = "client", "Client"
        INSTRUMENT = "instrument", "Instrument"
        VENUE = "venue", "Venue"
        DESK = "desk", "Desk"
        ALL = "all", "Whole house"

    class State(models.TextChoices):
        REDUCE_ONLY = "reduce_only", "Reduce only"
        FROZEN = "frozen", "Frozen"

    class Rule(models.TextChoices):
        LIQUIDATION = "liquidation_level", "Liquidation level"

    scope = models.CharField(max_length=10, choices=Scope.choices)
    desk = models.ForeignKey(
        Desk,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="restrictions",
        help_text="Blank for what holds for the whole house.",
    )
    client = models.ForeignKey(Client, null=True, on_delete=models.PROTECT, related_name="restrictions")
    sub_account = models.ForeignKey(
        SubAccount, null=True, on_delete=models.PROTECT, related_name="restrictions"
    )
    instrument = models.ForeignKey(
        Instrument, null=True, on_delete=models.PROTECT, related_name="restrictions"
    )
    venue = models.ForeignKey(Venue, null=True, on_delete=models.PROTECT, related_name="restrictions")
    state = models.CharField(max_length=11, choices=State.choices)
    reason = models.TextField(max_length=500)
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    rule = models.CharField(max_length=20, choices=Rule.choices, blank=True)
    run = models.ForeignKey("margin.Run", null=True, on_delete=models.PROTECT, related_name="+")
    imposed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="From then on it holds nobody back.")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lift_reason = models.TextField(max_length=2000, blank=True)
    proposal = models.ForeignKey(
        Proposal,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="By which two people lifted it.",
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            CheckConstraint(
                condition=Q(scope="account", desk__isnull=False, sub_account__isnull=False)
                | Q(scope="client", desk__isnull=False, client__isnull=False)
                | Q(scope="instrument", instrument__isnull=False)
                | Q(scope="venue", venue__isnull=False)
                | Q(scope="desk", desk__isnull=False)
                | Q(scope="all", desk__isnull=True),
                name="a_restriction_names_what_it_is_on",
            ),
            CheckConstraint(
                condition=Q(imposed_by__isnull=False, rule="") | (Q(imposed_by__isnull=True) & ~Q(rule="")),
                name="a_restriction_has_one_author",
            ),
            CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("imposed_at")),
                name="a_restriction_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(lifted_at__isnull=True), name="restriction_standing")
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} on {self.whom}"

    @property
    def whom(self) -> str:
        """What it is on, in words."""
        named = self.sub_account or self.client or self.instrument or self.venue
        if named is None:
            return "the whole house" if self.desk is None else f"desk {self.desk.code}"
        where = f" at {self.desk.code}" if self.desk and self.scope in ("instrument", "venue") else ""
        return f"{self.scope} {named.code}{where}"

    @property
    def author(self) -> str:
        """Who imposed it: a person, or the rule."""
        return self.imposed_by.get_username() if self.imposed_by else self._the_rule

    @property
    def lifter(self) -> str | None:
        """Who lifted it; None while nobody has."""
        if self.lifted_at is None:
            return None
        return self.lifted_by.get_username() if self.lifted_by else self._the_rule

    @property
    def _the_rule(self) -> str:
        return f"the rule “{self.get_rule_display()}”"

    @property
    def is_wide(self) -> bool:
        """Lifting it lets many go on at once: two people do that."""
        return self.desk_id is None or self.scope == self.Scope.DESK


class ControlChange(models.Model):
    """One revision of control: what the gates must apply next. Appended only, in the order of commits."""

    desk_path = INTERNAL

    class Deed(models.TextChoices):
        IMPOSE = "impose", "Imposed"
        LIFT = "lift", "Lifted"
        DRILL = "drill", "Tested"

    revision = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(help_text="By the database's clock.")
    deed = models.CharField(max_length=6, choices=Deed.choices)
    restriction = models.ForeignKey(Restriction, null=True, on_delete=models.PROTECT, related_name="changes")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-revision"]

    def __str__(self) -> str:
        return f"revision {self.revision}: {self.get_deed_display().lower()}"


class GateConfirmation(models.Model):
    """A gate's word that it decides under a revision of control. Its newest row tells when it last looked."""

    desk_path = INTERNAL

    gate = models.UUIDField(default=uuid.uuid4)
    backend = models.IntegerField(help_text="Its connection that owns shards, as PostgreSQL numbers it.")
    revision = models.PositiveBigIntegerField()
    applied_at = models.DateTimeField(help_text="By the database's clock, as is when it looked.")
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["gate", "revision"], name="a_gate_confirms_a_revision_once")
        ]
        indexes = [models.Index(fields=["backend", "-id"])]

    def __str__(self) -> str:
        return f"revision {self.revision} by {self.gate}"
