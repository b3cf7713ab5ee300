"""Runs: one cycle of one shard, with everything it rested on."""

import uuid

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from accounts.models import Shard
from accounts.models.columns import INTERNAL


class ShardState(models.Model):
    """Who works a shard now, and what waits for it. Times here are the database's."""

    desk_path = INTERNAL

    shard = models.OneToOneField(Shard, primary_key=True, on_delete=models.PROTECT, related_name="state")
    seq = models.PositiveBigIntegerField(default=0, help_text="Committed runs so far.")
    wanted_at = models.DateTimeField(null=True, help_text="Set when a cycle waits; at most one does.")
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Runs that died since the last committed one."
    )
    parked_at = models.DateTimeField(
        null=True, help_text="Set after three failed attempts, and anew by each trial."
    )
    parked_reason = models.TextField(blank=True)

    class Meta:
        constraints = [CheckConstraint(condition=~Q(shard=0), name="the_house_shard_is_not_worked")]

    def __str__(self) -> str:
        return f"{self.shard}"


class Run(models.Model):
    """One cycle: pinned inputs, a hash of the figures, partial sums, timings. A few kilobytes."""

    desk_path = INTERNAL

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        COMMITTED = "committed", "Committed"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    shard = models.ForeignKey(Shard, on_delete=models.PROTECT, related_name="runs")
    seq = models.PositiveBigIntegerField(
        null=True, help_text="Counted without gaps among the shard's committed runs."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    trigger = models.CharField(max_length=20, help_text="schedule, prices, positions, rules, recovery")
    attempt = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    committed_at = models.DateTimeField(null=True)
    at = models.DateTimeField(null=True, help_text="The instant the figures are for.")
    engine_version = models.CharField(max_length=40)
    house_revision = models.PositiveBigIntegerField(null=True)
    shard_revision = models.PositiveBigIntegerField(null=True)
    read_at = models.DateTimeField(
        null=True, help_text="When the inputs were read, by the database's clock; nouns are found by it."
    )
    prices = models.JSONField(default=dict, help_text="By instrument: price, state, source, time.")
    figures_digest = models.CharField(max_length=64, blank=True)
    partials = models.JSONField(default=dict, help_text="By desk: sums and counts.")
    counts = models.JSONField(default=dict)
    timings = models.JSONField(default=dict, help_text="Milliseconds by step.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [UniqueConstraint(fields=["shard", "seq"], name="one_run_per_sequence_number")]
        indexes = [
            models.Index(fields=["shard", "-started_at"]),
            models.Index(fields=["started_at"]),
            models.Index(fields=["shard", "at"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"run {self.id}"


OUTBOX = "outbox"
"""The one heartbeat that is of no queue: of passes of the outbox that came to their end."""


class Heartbeat(models.Model):
    """Proof that work goes round: written by a worker for a message that the clock sent."""

    desk_path = INTERNAL

    name = models.CharField(max_length=40, primary_key=True)
    beaten_at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
