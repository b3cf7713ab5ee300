"""The clock: django-celery-beat's schedule, beaten by one process at a time.

Takes the rows of the schedule; sends each due job once. Two clocks are safe: the leader holds an advisory
lock of PostgreSQL on a connection of its own, the other waits for it and takes over as soon as the leader, or
its connection, is gone. After a pause each job is sent once, not once for every time it was missed. (Behind a
pooler in transaction mode the lock means nothing: give the clock a direct DATABASE_URL.)
"""

import time
from functools import cached_property
from typing import Any

import structlog
from celery.beat import SchedulingError
from django.db import DatabaseError, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry
from redis import RedisError

from riskdesk import broker, locks
from riskdesk.celery import show_sign_of_life
from riskdesk.errors import sure
from riskdesk.schedule import seed_clock, seed_shards
from riskdesk.workers import GENERAL

log = structlog.get_logger(__name__)

STANDBY_SECONDS = 0.5
PROVE_EVERY_SECONDS = 1.0
JUMP_SECONDS = 2.0
MOST_WAITING = 1_000
RARE_SECONDS = 60
DATABASE_TROUBLE = (DatabaseError, InterfaceError)


class Leadership:
    """Holds, or tries to get, the one lock. Asks the database at most once a second."""

    def __init__(self) -> None:
        self.connection: BaseDatabaseWrapper | None = None
        self.proved_at = 0.0

    def is_ours(self) -> bool:
        if self.connection is not None and time.monotonic() - self.proved_at < PROVE_EVERY_SECONDS:
            return True
        try:
            held = self._prove() if self.connection is not None else self._take()
        except DATABASE_TROUBLE:
            held = False
        if not held:
            self.release()
        self.proved_at = time.monotonic()
        return held

    def release(self) -> None:
        """The server frees the lock with the connection that holds it."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _take(self) -> bool:
        self.connection = connections.create_connection("default")
        return self._ask("SELECT pg_try_advisory_lock(%s)")

    def _prove(self) -> bool:
        """Not merely that we asked once: that this session still lives and holds it."""
        return self._ask(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND pid = pg_backend_pid() AND classid = 0 AND objid = %s)"
        )

    def _ask(self, question: str) -> bool:
        with sure(self.connection, "it asks over a connection of its own").cursor() as cursor:
            cursor.execute(question, [locks.CLOCK])
            return bool(cursor.fetchone()[0])


class LeadingScheduler(DatabaseScheduler):
    """Beats only while it leads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.leadership = Leadership()
        self.leading = False
        self.seeded = False
        self.said_waiting = False
        self.wall_minus_monotonic = 0.0
        super().__init__(*args, **kwargs)

    @cached_property
    def producer(self) -> Any:
        """Connects when the first message is sent, and fails there: a job taken off the heap is put back."""
        return self.Producer(self.connection, auto_declare=False)

    def setup_schedule(self) -> None:
        """Nothing is read or written before we lead."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; gives the seconds until it wants to be asked again."""
        show_sign_of_life()
        if not self._lead():
            return STANDBY_SECONDS
        try:
            self._seed()
            return float(super().tick(*args, **kwargs))
        except DATABASE_TROUBLE as trouble:
            log.warning("clock.paused", reason=str(trouble).splitlines()[0])
            self._forget()
            return STANDBY_SECONDS

    def all_as_schedule(self) -> dict[str, ModelEntry]:
        """A job last run in the future (the wall clock went back) is due now, not then."""
        entries: dict[str, ModelEntry] = super().all_as_schedule()
        for entry in entries.values():
            now = entry._default_now()
            if entry.last_run_at > now:
                entry.last_run_at = entry.model.last_run_at = now
        return entries

    def apply_entry(self, entry: ModelEntry, producer: Any = None) -> None:
        """One message. One that cannot be sent is not made up for: the next is near."""
        try:
            if self._queue_is_full(entry):
                log.warning("clock.queue_full", job=entry.name, most_waiting=MOST_WAITING)
                return
            if self._must_not_double(entry):
                self.sync()
            self.apply_async(entry, producer=producer, advance=False)
        except (SchedulingError, RedisError) as error:
            log.warning("clock.not_sent", job=entry.name, reason=str(error).splitlines()[0])

    def close(self) -> None:
        super().close()
        self.leadership.release()

    def _lead(self) -> bool:
        leads = self.leadership.is_ours()
        if leads and (not self.leading or self._wall_clock_jumped()):
            self._forget()
        if leads != self.leading:
            log.info("clock.leads" if leads else "clock.lost_the_lead")
        elif not leads and not self.said_waiting:
            log.info("clock.waits_for_the_leader")
        self.leading, self.said_waiting = leads, not leads
        return leads

    def _seed(self) -> None:
        """Once a start, before the first beat: the rows that SHARDS or a new version asks for."""
        if self.seeded:
            return
        seed_shards()
        if added := seed_clock():
            log.info("clock.jobs_added", jobs=added)
        self.seeded = True

    def _wall_clock_jumped(self) -> bool:
        return abs(time.time() - time.monotonic() - self.wall_minus_monotonic) > JUMP_SECONDS

    def _forget(self) -> None:
        """Read the schedule afresh at the next tick: another clock may have beaten meanwhile."""
        self.wall_minus_monotonic = time.time() - time.monotonic()
        self._heap = self._schedule = self.old_schedulers = None
        self._initial_read = True
        self._dirty.clear()

    def _queue_is_full(self, entry: ModelEntry) -> bool:
        """No worker takes from it: more of the same would only fill the memory."""
        waiting = broker.queue_lengths()
        return waiting.get(entry.options.get("queue") or GENERAL.queue, 0) >= MOST_WAITING

    def _must_not_double(self, entry: ModelEntry) -> bool:
        """Rare jobs are written down before they are sent, so that whoever takes over knows of them."""
        every = getattr(entry.schedule, "run_every", None)
        return every is None or every.total_seconds() >= RARE_SECONDS
