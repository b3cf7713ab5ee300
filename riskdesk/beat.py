"""The clock's scheduler. (The leader's lock is added by the wiring room.)"""

from django_celery_beat.schedulers import DatabaseScheduler


class LeadingScheduler(DatabaseScheduler):  # type: ignore[misc]
    """Beats only while it leads."""

    def setup_schedule(self) -> None:
        """Nothing is read before we lead."""
