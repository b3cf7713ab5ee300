"""Keys for programs, and the memory that makes their repeated writes harmless."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q, UniqueConstraint

from accounts.models.columns import INTERNAL


class ApiToken(models.Model):
    """A named, hashed, expiring, revocable key that acts for a person within its scopes."""

    person_path = "user"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the secret; the secret is shown once."
    )
    hint = models.CharField(
        max_length=8, help_text="The first characters of the secret, to tell tokens apart."
    )
    scopes = models.JSONField(default=list, help_text="Empty: whatever the person may do.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["user", "name"],
                condition=Q(revoked_at__isnull=True),
                name="token_name_is_unique_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"


class Replay(models.Model):
    """The first answer to a write that carried an Idempotency-Key, kept for a day."""

    KEPT = timedelta(hours=24)

    desk_path = INTERNAL

    caller = models.CharField(max_length=80, help_text="Token or session person.")
    key = models.CharField(max_length=200)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(
        null=True, help_text="Blank while the first call is still under way."
    )
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["caller", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
