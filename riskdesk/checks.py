"""Django's system checks of the desk: what `manage.py check` says, and what a start refuses.

Takes settings and, where a database is named, rows; gives messages with ids and hints (listed in
docs/reference/checks.md). Never changes anything.
"""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import Error as DatabaseProblem
from django.db import connection

from riskdesk.demo_people import NAMES, PASSWORD
from riskdesk.refusals import Fault, faults

SHOWN = 5

Rows = Callable[[], list[str]]


@register("riskdesk")
def environment(**_: Any) -> list[CheckMessage]:
    """The variables, judged for production."""
    return [_message(fault) for fault in faults(settings.ENV)]


@register("riskdesk")
def zones(**_: Any) -> list[CheckMessage]:
    """Local times need the zone data, from the system or from the tzdata package."""
    if "Europe/London" in available_timezones():
        return []
    return [Error("No time zone data found.", hint="Install the package tzdata.", id="riskdesk.E011")]


@register(Tags.database)
def demo_people(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """People whose password everybody knows must not exist in production."""
    if not settings.ENV.production or not databases:
        return []
    found = _rows(_people_with_the_known_password)
    if not found:
        return []
    return [
        Error(
            f"Demo people are in the database: {', '.join(found)}.",
            hint="Use a database that never was a demo's, or give each of them another password.",
            id="riskdesk.E012",
        )
    ]


@register(Tags.database)
def zone_names(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Zones must be known, or local times cannot be placed. The start goes on all the same: a desk that is
    down is not put right by anybody, and each unknown zone stops only what needs it.
    """
    if not databases:
        return []
    found = _rows(_unknown_zones)
    if not found:
        return []
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [
        Warning(
            f"Unknown time zones: {'; '.join(found[:SHOWN])}{more}.",
            hint="Use IANA names such as Europe/London.",
            id="riskdesk.W007",
        )
    ]


@register(Tags.database)
def database_role(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whoever owns the tables can drop them, and switch off what guards the audit trail.

    Judged by the role that is connected (owner, member of the owner, superuser), not by what variables say.
    """
    if not settings.ENV.production or not databases or not _rows(_tables_owned_by_us):
        return []
    return [
        Warning(
            "This connection owns the tables it works in.",
            hint="Right for migrations. Give web, workers and clock a second role, in DATABASE_URL.",
            id="riskdesk.W001",
        )
    ]


ROW_CHECKS = (demo_people, zone_names, database_role)


def _message(fault: Fault) -> CheckMessage:
    kind = Error if fault.refuses else Warning
    return kind(fault.message, hint=fault.hint, id=fault.id)


def _rows(ask: Rows) -> list[str]:
    """An absent or not yet migrated database is for /readyz to report, not for a check."""
    try:
        return ask()
    except DatabaseProblem:
        return []


def _people_with_the_known_password() -> list[str]:
    from accounts.models import User

    people = User.objects.filter(username__in=NAMES, is_active=True).values_list("username", "password")
    return [name for name, encoded in people.order_by("username") if check_password(PASSWORD, encoded)]


def _tables_owned_by_us() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(tableowner, 'USAGE')"
        )
        return [name for (name,) in cursor.fetchall()]


def _unknown_zones() -> list[str]:
    from accounts.models import Desk
    from margin.models import Calendar, LocalSchedule

    known = available_timezones()
    named = [
        *((f"desk {code}", zone) for code, zone in Desk.objects.values_list("code", "zone")),
        *((f"calendar {code}", zone) for code, zone in Calendar.objects.values_list("code", "zone")),
        *((f"schedule {name}", zone) for name, zone in LocalSchedule.objects.values_list("name", "zone")),
    ]
    return [f"{noun} has {zone!r}" for noun, zone in named if zone not in known]
