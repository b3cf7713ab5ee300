"""The jobs of local times, done through their own door."""

from datetime import datetime

from margin import tasks
from margin.models import LocalSlot
from riskdesk import clock


def do_local_jobs(now: datetime) -> int:
    """Gives how many were done."""
    before = LocalSlot.objects.count()
    with clock.pinned(now):
        tasks.do_local_jobs()
    return LocalSlot.objects.count() - before
