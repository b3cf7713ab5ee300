"""Each unsafe variable is refused by its own id, and nothing else is."""

import pytest

from riskdesk.env import SAMPLE_SECRET, read_environment
from riskdesk.refusals import faults
from tests.wiring.production import GOOD

SPOILT = {
    "riskdesk.E001": {"DEBUG": "1"},
    "riskdesk.E002": {"SECRET_KEY": ""},
    "riskdesk.E003": {"SECRET_KEY": SAMPLE_SECRET},
    "riskdesk.E004": {"SECRET_KEY_FALLBACKS": "too-short"},
    "riskdesk.E005": {"DEMO": "1"},
    "riskdesk.E006": {"BASE_URL": "http://desk.riskhouse.test"},
    "riskdesk.E007": {"TRUSTED_PROXIES": "0"},
    "riskdesk.E008": {"ALLOWED_HOSTS": "*"},
    "riskdesk.E009": {"DATABASE_URL": ""},
    "riskdesk.E010": {"REDIS_URL": ""},
    "riskdesk.E014": {"AUDIT_KEY": "x"},
    "riskdesk.W002": {"DATABASE_URL": "postgresql://app@db.riskhouse.test/desk?sslmode=prefer"},
    "riskdesk.W003": {"EMAIL_HOST": "mail.riskhouse.test", "EMAIL_TLS": "0"},
    "riskdesk.W004": {"MAIL_FROM": ""},
    "riskdesk.W005": {"DATABASE_OWNER_URL": "postgresql://owner@db.riskhouse.test/desk?sslmode=prefer"},
    "riskdesk.W006": {"REDIS_URL": "redis://:pw@valkey.riskhouse.test:6379/0"},
}


def ids(variables):
    return [fault.id for fault in faults(read_environment(variables))]


def test_sound_settings_are_refused_nothing():
    assert ids(GOOD) == []


@pytest.mark.parametrize(("id", "change"), SPOILT.items())
def test_one_unsafe_variable_brings_exactly_its_own_fault(id, change):
    assert ids({**GOOD, **change}) == [id]


@pytest.mark.parametrize("change", SPOILT.values())
def test_development_refuses_none_of_it(change):
    development = {**GOOD, "RISKDESK_ENV": "development"}
    assert ids({**development, **change}) == []


def test_an_empty_production_environment_names_everything_it_misses():
    assert ids({"RISKDESK_ENV": "production"}) == [
        "riskdesk.E002",
        "riskdesk.E006",
        "riskdesk.E008",
        "riskdesk.E009",
        "riskdesk.E010",
        "riskdesk.W004",
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "a" * 80,
        "abcabc" * 20,
        "django-insecure-" + "x9Kq2LmZ" * 10,
        "x" * 49,
        "change-me" * 9,
        "change_me_" + "x9Kq2LmZ" * 10,
    ],
)
def test_a_secret_that_could_be_guessed_is_weak(secret):
    assert ids({**GOOD, "SECRET_KEY": secret}) == ["riskdesk.E003"]


@pytest.mark.parametrize(
    "change",
    [
        {"AUDIT_KEY": GOOD["SECRET_KEY"]},
        {"REDIS_URL": "rediss://:pw@valkey.riskhouse.test:6379/0"},
        {"REDIS_URL": "unix:///run/valkey.sock"},
        {"DATABASE_OWNER_URL": "postgresql://owner@db.riskhouse.test/desk?sslmode=verify-full"},
        {"DATABASE_OWNER_URL": ""},
        {"DATABASE_URL": "postgresql://app@127.0.0.1,localhost/desk"},
        {
            "DATABASE_URL": "postgresql:///desk",
            "DATABASE_OWNER_URL": "postgresql:///desk?host=/run/postgresql",
        },
    ],
    ids=range(7),
)
def test_a_safe_value_is_neither_refused_nor_warned_of(change):
    assert ids({**GOOD, **change}) == []


def test_one_bare_host_among_several_is_enough():
    several = "postgresql://app@127.0.0.1,db.riskhouse.test/desk"
    assert ids({**GOOD, "DATABASE_URL": several}) == ["riskdesk.W002"]


def test_every_fault_says_what_to_do():
    every = [fault for change in SPOILT.values() for fault in faults(read_environment({**GOOD, **change}))]
    assert all(fault.message.endswith(".") and fault.hint.strip() for fault in every)
