"""Jobs at a local time of day, which no fixed interval in UTC can keep."""

from django.db import models
from django.db.models import UniqueConstraint

from accounts.models import Desk
from accounts.models.columns import name_field, zone_field


class LocalSchedule(models.Model):
    """A job at a local time in a zone, on the days a calendar trades (blank: every day)."""

    desk_path = "desk"

    class Job(models.TextChoices):
        DIGEST = "digest", "Daily digest"

    name = name_field(unique=True)
    job = models.CharField(max_length=20, choices=Job.choices)
    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="schedules")
    time = models.TimeField()
    zone = zone_field()
    calendar = models.ForeignKey(
        "margin.Calendar", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LocalSlot(models.Model):
    """One local date on which a job was done: the row that keeps it from being done twice."""

    desk_path = "schedule__desk"

    schedule = models.ForeignKey(LocalSchedule, on_delete=models.PROTECT, related_name="slots")
    local_date = models.DateField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["schedule", "local_date"], name="one_slot_per_local_date")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.local_date}"
