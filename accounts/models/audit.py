"""What people and programs did. Rows are only ever added; a sealer chains them after they are committed."""

from django.conf import settings
from django.db import models

from accounts.models.columns import INTERNAL
from accounts.models.desks import Desk


class AuditEvent(models.Model):
    """One deed: who, what, on what, why, before and after."""

    desk_path = "desk"

    recorded_at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150, help_text="Person, token or part of the system.")
    action = models.CharField(max_length=60, help_text="Past tense: limit.approved, alert.acknowledged.")
    subject = models.CharField(max_length=200)
    desk = models.ForeignKey(Desk, null=True, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    run_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["desk", "-id"]), models.Index(fields=["subject", "-id"])]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.subject}"


class AuditSeal(models.Model):
    """The place of one committed event in the chain: its hash covers the event and the seal before it."""

    desk_path = INTERNAL

    number = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal")
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"seal {self.number}"


class AuditUnsealed(models.Model):
    """An event that waits for its place in the chain. Written by the database with the event itself."""

    desk_path = INTERNAL

    event = models.OneToOneField(
        AuditEvent, primary_key=True, on_delete=models.PROTECT, related_name="unsealed"
    )

    def __str__(self) -> str:
        return f"event {self.event_id} unsealed"
