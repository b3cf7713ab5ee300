"""The clock as a list: what is done again and again, how often, by which queue.

Takes the list below; writes rows of django-celery-beat that are missing, and puts right what a row of the
list does. An administrator may change an interval or switch a job off (the admin offers nothing else): that
stays. A job that was *deleted* comes back when the clock next starts, because the desk does not work without
it: to stop a job, disable it.

Jobs at a local time of day are rows of `LocalSchedule`, placed by `margin.flow.local_jobs`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from riskdesk import workers

if TYPE_CHECKING:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True)
class Job:
    """`expires_seconds`: a message that waited longer is dropped, because the next one is there."""

    name: str
    task: str
    every_seconds: int
    expires_seconds: int
    queue: str
    why: str
    args: tuple[object, ...] = ()


GENERAL, RISK = workers.GENERAL.queue, workers.RISK.queue
CLOCK = (
    Job("Reconcile", "margin.reconcile", 1, 3, GENERAL, "Says again what a lost message left undone."),
    Job("Dispatch", "margin.dispatch", 2, 4, GENERAL, "Sends what lies in the outbox."),
    Job("Heartbeat general", "margin.heartbeat", 5, 15, GENERAL, "Proves that work goes round.", (GENERAL,)),
    Job("Heartbeat risk", "margin.heartbeat", 5, 15, RISK, "Proves that work goes round.", (RISK,)),
    Job("Escalate", "margin.escalate", 5, 4, GENERAL, "Carries up alerts that nobody has taken in time."),
    Job("Seal audit", "margin.seal_audit", 5, 4, GENERAL, "Chains committed audit events."),
    Job("Local jobs", "margin.local_jobs", 20, 15, GENERAL, "Does jobs whose local time has come."),
    Job("Housekeeping", "margin.housekeeping", 3600, 600, GENERAL, "Removes what has had its time."),
)


UNHINDERED = {
    **dict.fromkeys(("crontab", "solar", "clocked", "start_time", "expires", "exchange", "routing_key")),
    "one_off": False,
}
VITAL = {"margin.recompute", "margin.reconcile", "margin.dispatch", "margin.escalate"}
"""Without these, figures, enforcement, mails or what nobody takes stand still."""
VITAL_SECONDS = 60
"""A vital job that is asked for more rarely counts as stopped."""
MICROSECONDS = {
    "microseconds": 1,
    "seconds": 10**6,
    "minutes": 60 * 10**6,
    "hours": 3600 * 10**6,
    "days": 86_400 * 10**6,
}
LEAST_SECONDS, MOST_SECONDS = 1, 31 * 86_400


def recompute_of(shard: int) -> Job:
    why = f"Recomputes and enforces shard {shard}, also when no price came."
    return Job(f"Recompute shard {shard}", "margin.recompute", 5, 4, RISK, why, (shard, "schedule"))


def jobs() -> Iterator[Job]:
    """The list, with one recompute for each shard there is."""
    from accounts.models import HOUSE, Shard

    yield from CLOCK
    for number in Shard.objects.exclude(number=HOUSE).order_by("number").values_list("number", flat=True):
        yield recompute_of(number)


def job_of(row: "PeriodicTask") -> Job | None:
    """The job of the list that this row is: by its name, or renamed, by its task and arguments."""
    for job in jobs():
        if row.name == job.name or (row.task, _plain(row.args)) == (job.task, _text(job)):
            return job
    return None


def stopped() -> list[str]:
    """Names of the vital jobs that do not come: deleted, disabled, made too rare, or not what they were."""
    from django_celery_beat.models import PeriodicTask

    rows = PeriodicTask.objects.filter(enabled=True, task__in=VITAL).select_related("interval")
    alive = {(row.task, _plain(row.args), row.queue) for row in rows if _comes_often(row)}
    return [
        job.name for job in jobs() if job.task in VITAL and (job.task, _text(job), job.queue) not in alive
    ]


def _comes_often(row: "PeriodicTask") -> bool:
    seconds = row.interval and seconds_of(row.interval.every, row.interval.period)
    return seconds is not None and seconds <= VITAL_SECONDS


def seconds_of(every: int, period: str) -> float | None:
    """None where nobody can mean it: a shorter one floods its queue, and the clock cannot hold a long one."""
    seconds = every * MICROSECONDS[period] / 10**6
    return seconds if LEAST_SECONDS <= seconds <= MOST_SECONDS else None


def tables_stand() -> bool:
    """False while only some of the apps are migrated."""
    from margin.models import ShardState

    return ShardState._meta.db_table in connection.introspection.table_names()


def seed_shards() -> None:
    """Rows for the shards that SHARDS asks for. One that is there stays: its clients belong to it."""
    from accounts.models import HOUSE, Shard
    from margin.models import ShardState

    for number in range(HOUSE, settings.ENV.shards + 1):
        Shard.objects.get_or_create(number=number)
        if number != HOUSE:
            ShardState.objects.get_or_create(shard_id=number)


def seed_clock() -> list[str]:
    """Add the jobs that have no row; gives their names. A renamed row is known by its task and arguments.

    What no page changes is put right: what a job does, and that nothing keeps it from coming.
    """
    from django_celery_beat.models import PeriodicTask

    with transaction.atomic():
        rows = list(PeriodicTask.objects.select_for_update().values_list("name", "task", "args"))
        for job in jobs():
            PeriodicTask.objects.filter(name=job.name).update(**_deed(job), **UNHINDERED)
        _mend_intervals()
        names, deeds = {name for name, _, _ in rows}, {(task, _plain(args)) for _, task, args in rows}
        missing = [job for job in jobs() if job.name not in names and (job.task, _text(job)) not in deeds]
        for job in missing:
            _add(job)
    return [job.name for job in missing]


def _mend_intervals() -> None:
    """A row that would stop the clock, or never let it rest, is none that an administrator meant."""
    from django_celery_beat.models import PeriodicTask

    for row in PeriodicTask.objects.exclude(interval=None).select_related("interval"):
        if seconds_of(row.interval.every, row.interval.period) is None:
            job, same = job_of(row), PeriodicTask.objects.filter(pk=row.pk)
            same.update(interval=_interval_of(job)) if job else same.update(enabled=False)


def _add(job: Job) -> None:
    from django_celery_beat.models import PeriodicTask

    PeriodicTask.objects.create(
        name=job.name,
        **_deed(job),
        interval=_interval_of(job),
        expire_seconds=job.expires_seconds,
        description=job.why,
    )


def _interval_of(job: Job) -> "IntervalSchedule":
    from django_celery_beat.models import IntervalSchedule

    interval = {"every": job.every_seconds, "period": IntervalSchedule.SECONDS}
    return IntervalSchedule.objects.filter(**interval).first() or IntervalSchedule.objects.create(**interval)


def _deed(job: Job) -> dict[str, str]:
    return {"task": job.task, "args": _text(job), "kwargs": "{}", "queue": job.queue}


def _text(job: Job) -> str:
    return json.dumps(job.args)


def _plain(args: str) -> str:
    """The same arguments in the same words; an administrator may have written anything there."""
    try:
        return json.dumps(json.loads(args))
    except ValueError:
        return args
