"""Checks that read the database: people with the known password, zones nobody knows."""

import pytest
from django.core.checks import ERROR

from accounts.models import User
from margin.models import Calendar
from riskdesk import checks
from riskdesk.checks import ROW_CHECKS
from riskdesk.demo_people import PASSWORD
from riskdesk.env import read_environment
from tests import factories
from tests.wiring.production import GOOD


@pytest.fixture
def _in_production(settings):
    settings.ENV = read_environment(GOOD)


def found(databases=("default",)):
    return [message for check in ROW_CHECKS for message in check(databases=databases)]


def ids():
    return [message.id for message in found() if message.is_serious(ERROR)]


@pytest.mark.usefixtures("cast", "_in_production")
def test_demo_people_are_refused_in_production_by_name():
    for person in User.objects.all():
        person.set_password(PASSWORD)
        person.save()
    (error,) = [message for message in found() if message.id == "riskdesk.E012"]
    assert "ada, eve, otto, rita, vic" in error.msg


@pytest.mark.usefixtures("_in_production")
def test_a_real_person_who_shares_a_name_with_the_demo_is_welcome(db):
    User.objects.create_user("eve", password="a long and private sentence")
    assert ids() == []


@pytest.mark.usefixtures("cast")
def test_demo_people_are_welcome_in_development():
    assert ids() == []


def test_a_zone_that_does_not_exist_is_named_with_its_row(db):
    factories.desk("PRIME", "Europe/Atlantis")
    Calendar.objects.create(code="FX", name="FX", zone="GMT+25")
    (warning,) = found()
    assert warning.id == "riskdesk.W007"
    assert "desk PRIME has 'Europe/Atlantis'" in warning.msg
    assert "calendar FX has 'GMT+25'" in warning.msg


def test_a_zone_that_does_not_exist_does_not_keep_the_desk_down(db):
    factories.desk("PRIME", "Europe/Atlantis")
    assert ids() == []


@pytest.mark.usefixtures("db", "_in_production")
def test_a_connection_that_owns_its_tables_is_warned_of(monkeypatch):
    assert [message.id for message in found()] == ["riskdesk.W001"]  # in tests the owner works
    monkeypatch.setattr(checks, "_tables_owned_by_us", list)
    assert found() == []


def test_without_a_database_named_rows_are_not_asked(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert found(databases=None) == []
