"""Jobs at a local time of day: each done once a local date, whatever the clocks of its zone do.

Takes the time; does what is due. The row of the local date is written in the same transaction as the deed, so
two workers, a repeated message or a crash cannot do it twice. Of several dates that were missed only the
latest is made up for, and only while it is still of use.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction

from accounts.models import Desk
from margin.engine.calendar import TradingCalendar, read_calendar, trades_on
from margin.engine.local_time import date_exists, instant_of, local_date
from margin.models import Delivery, LocalSchedule
from margin.notify.letters import compose_digests

log = structlog.get_logger(__name__)

DEEDS: Mapping[str, Callable[[Desk, datetime], list[Delivery]]] = {
    LocalSchedule.Job.DIGEST: compose_digests,
}
"""What each job writes for its desk when its time has come."""
OF_USE = timedelta(hours=6)
"""A digest that comes later than this is not sent: the next one says more."""

CLAIM = """
    INSERT INTO margin_localslot (schedule_id, local_date, due_at, done_at) VALUES (%s, %s, %s, %s)
    ON CONFLICT (schedule_id, local_date) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """One local date of a schedule, and the instant its time comes."""

    day: date
    due: datetime


def due(now: datetime) -> list[tuple[LocalSchedule, Slot]]:
    """Whose time has come and is still of use, done already or not."""
    rows = LocalSchedule.objects.filter(enabled=True).select_related("desk", "calendar").order_by("id")
    found = []
    for row in rows:
        try:
            slot = latest_slot(row, now)
        except ValueError as error:  # a zone or a calendar that cannot be read stops only its own job
            log.error("local_job.unreadable", schedule=row.name, error=str(error))
            continue
        if slot is not None and now - slot.due <= OF_USE:
            found.append((row, slot))
    return found


def latest_slot(row: LocalSchedule, now: datetime) -> Slot | None:
    """Of the newest local date whose time has come; None where that is none of the schedule's days."""
    today = local_date(now, row.zone)
    for day in (today, today - timedelta(days=1)):
        due = instant_of(day, row.time, row.zone)
        if due <= now and date_exists(day, row.zone):
            return Slot(day, due) if _is_its_day(row, day) else None
    return None


def _is_its_day(row: LocalSchedule, day: date) -> bool:
    calendar = _calendar(row)
    return calendar is None or trades_on(calendar, day)


def _calendar(row: LocalSchedule) -> TradingCalendar | None:
    own = row.calendar
    if own is None:
        return None
    return read_calendar(zone=own.zone, sessions=own.sessions, holidays=own.holidays)


def do(row: LocalSchedule, slot: Slot, now: datetime) -> bool:
    """Claim the date and do the job in one transaction: both stand, or neither."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [row.pk, slot.day, slot.due, now])
            if cursor.rowcount != 1:
                return False
        letters = DEEDS[row.job](row.desk, now)
    log.info("step.local_job", schedule=row.name, local_date=str(slot.day), letters=len(letters))
    return True
