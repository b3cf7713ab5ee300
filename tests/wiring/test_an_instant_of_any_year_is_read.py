"""What PostgreSQL keeps and Python has no word for reads as the nearest instant that can be reckoned with."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from riskdesk.postgres.instants import FIRST, LAST

OLD = [
    "-infinity",
    "4713-01-01 00:00+00 BC",
    "0001-01-01 00:00+14",
    "0001-01-01 00:00-14",
    "0001-12-31 23:00+00",
]
NEW = [
    "infinity",
    "294276-12-31 00:00+00",
    "10000-01-01 00:00+00",
    "9999-12-31 23:59:59-14",
    "9999-01-01 00:00+00",
]
READ = {
    **dict.fromkeys(OLD, FIRST),
    **dict.fromkeys(NEW, LAST),
    "2026-03-02 12:00:00.000001-05": datetime(2026, 3, 2, 17, 0, 0, 1, tzinfo=UTC),
    "1969-12-31 23:59:59+00": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
}


@pytest.mark.django_db
@pytest.mark.parametrize("kept", READ)
def test_an_instant_of_any_year_is_read(kept: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [kept])
        (found,) = cursor.fetchone()
    assert found == READ[kept]
    assert found.tzinfo is UTC
    for moved in (found - timedelta(days=300), found + timedelta(days=300)):
        moved.astimezone(ZoneInfo("Pacific/Kiritimati"))
        moved.astimezone(ZoneInfo("Pacific/Pago_Pago"))
