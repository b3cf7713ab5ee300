"""A zone nobody knows, and hours nobody can read, are refused where they are written: in pages and files."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from margin.models import Calendar, LocalSchedule
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
GOOD = {"code": "HOURS", "name": "Hours", "zone": "UTC", "sessions": "[]", "holidays": "[]"}


@pytest.mark.parametrize("zone", ["Mars/X", "../../etc/passwd", "Europe/london\u200b"])
def test_a_local_schedule_has_a_zone_that_is_known(cast: Cast, client: Browser, zone: str) -> None:
    client.force_login(cast.ada)
    row = {"name": "Mornings", "job": "digest", "desk": cast.prime.pk, "time": "07:00", "zone": zone}
    page = client.post("/admin/margin/localschedule/add/", row)
    assert "is no time zone" in page.context["errors"][0][0]
    assert not LocalSchedule.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("zone", "Mars/X"),
        ("sessions", '{"a": 1}'),
        ("sessions", "[5]"),
        ("sessions", '[{"from": "xxx 1", "to": "fri 17:00"}]'),
        ("holidays", "5"),
        ("holidays", '["2026-99-99"]'),
    ],
)
def test_a_calendar_can_be_read(cast: Cast, client: Browser, field: str, value: str) -> None:
    client.force_login(cast.ada)
    page = client.post("/admin/margin/calendar/add/", GOOD | {field: value})
    assert field in page.context["adminform"].form.errors
    assert not Calendar.objects.exists()


def test_a_calendar_in_a_file_can_be_read(cast: Cast, client: Browser) -> None:
    client.force_login(cast.ada)
    file = SimpleUploadedFile("rows.csv", b"code,name,zone,sessions,holidays\nHOURS,Hours,Mars/X,[],[]\n")
    page = client.post("/admin/margin/calendar/import/", {"import_file": file, "format": "0"})
    assert "is no time zone" in page.content.decode()


def test_a_calendar_that_can_be_read_is_taken(cast: Cast, client: Browser) -> None:
    client.force_login(cast.ada)
    hours = {"sessions": '[{"from": "sun 18:00", "to": "fri 17:00"}]', "holidays": '["2026-12-25"]'}
    assert client.post("/admin/margin/calendar/add/", GOOD | hours).status_code == 302
    assert Calendar.objects.get().holidays == ["2026-12-25"]
