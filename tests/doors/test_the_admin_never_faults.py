"""Whatever stands in an address or a form of the admin: an answer, and never a fault."""

import pytest
from django.contrib import admin
from django.db import OperationalError
from django.test import Client as Browser
from django.urls import reverse
from psycopg.errors import LockNotAvailable

from accounts.models import User
from margin.flow import reference
from margin.models import Calendar, Limit
from tests.conftest import Cast
from tests.doors.test_admin_pages import OURS, listing

pytestmark = pytest.mark.django_db
NUL = "%00"
ODD = [f"{name}={NUL}" for name in ("q", "desk", "kind__exact", "state__exact", "status__exact", "reason")]


@pytest.fixture
def eve_in(cast: Cast, client: Browser) -> Browser:
    client.raise_request_exception = False
    client.force_login(cast.eve)
    return client


def test_a_list_takes_any_address(eve_in: Browser) -> None:
    for model in OURS:
        for odd in (*ODD, "valid_at__year=99999", "recorded_at__year=-1"):
            address = f"{listing(model)}?{odd}"
            assert eve_in.get(address).status_code in {200, 302, 400, 403}, address


def test_a_row_is_found_or_not(eve_in: Browser) -> None:
    for model in OURS:
        for page in (f"{NUL}/change/", f"{NUL}/history/", "99999999999999999999/change/"):
            address = f"{listing(model)}{page}"
            assert eve_in.get(address).status_code in {200, 302, 400, 403, 404}, address


def test_a_list_is_cut_by_what_its_page_offers_and_nothing_else(eve_in: Browser) -> None:
    people = listing(User)
    assert eve_in.get(f"{people}?is_staff__exact=1").status_code == 200
    assert eve_in.get(f"{people}?password__startswith=argon").status_code == 400
    assert eve_in.get(f"{listing(Calendar)}?zone__regex=(a%2B)%2B$").status_code == 400


def test_filters_that_a_page_offers_are_taken(eve_in: Browser) -> None:
    offered = 0
    for model, row in admin.site._registry.items():
        if model not in OURS:
            continue
        for link in eve_in.get(listing(model)).content.decode().split('href="?')[1:]:
            address = listing(model) + "?" + link.split('"')[0].replace("&amp;", "&")
            assert eve_in.get(address).status_code == 200, (row, address)
            offered += 1
    assert offered > len(OURS), "the pages offer filters"


LOOKED_UP = [model for model in OURS if admin.site._registry[model].autocomplete_fields]
EDGE = "0001-01-01T00:00:00+14:00"
NONSENSE = [(model, "x") for model in LOOKED_UP] + [(Limit, odd) for odd in ("9" * 40, "\x00", EDGE)]


def test_forms_take_anything_in_their_link_and_in_their_fields(eve_in: Browser) -> None:
    for model, odd in NONSENSE:
        page = f"{listing(model)}add/"
        names = [column.name for column in model._meta.fields]
        everything = dict.fromkeys((*names, *(f"{name}_{n}" for name in names for n in (0, 1))), odd)
        assert eve_in.get(page, everything).status_code == 200, (page, odd)
        assert eve_in.post(page, everything).status_code == 200, (page, odd)
    assert len(LOOKED_UP) == 8


def test_a_choice_that_is_none_is_said_beside_its_field_and_an_empty_field_in_a_link(eve_in: Browser) -> None:
    for page, field in (("margin/limit", "client"), ("accounts/subaccount", "client")):
        answer = eve_in.post(f"/admin/{page}/add/", {field: "NaN"})
        assert "Select a valid choice" in answer.content.decode()
        assert 'value="NaN"' not in eve_in.get(f"/admin/{page}/add/?{field}=NaN").content.decode()


def test_an_export_of_a_column_nobody_offers_is_refused(eve_in: Browser) -> None:
    assert eve_in.get("/admin/accounts/asset/export/?x=1").status_code == 400


def test_what_is_looked_up_while_typing_is_text(eve_in: Browser) -> None:
    field = "app_label=margin&model_name=limit&field_name=client"
    assert eve_in.get(f"{reverse('admin:autocomplete')}?{field}&term={NUL}").status_code == 400


def test_who_waits_too_long_for_another_change_is_told_to_come_back(
    eve_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held() -> int:
        raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()

    monkeypatch.setattr(reference, "take_house_revision", held)
    row = {"code": "HOURS", "name": "Hours", "zone": "UTC", "sessions": "[]", "holidays": "[]"}
    answer = eve_in.post("/admin/margin/calendar/add/", row)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert not Calendar.objects.exists()
