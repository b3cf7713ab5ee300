"""No setting of Celery is a typo or a leftover: each is known to this version, and those that matter bite."""

import pytest
from celery.app.defaults import NAMESPACES, flatten
from django.conf import settings
from kombu.transport.redis import Channel

from riskdesk.celery import app, fit_to_queue
from riskdesk.workers import GENERAL, RISK, kind_of

OF_THE_DJANGO_FIXUP = {"CELERY_DB_REUSE_MAX"}
OURS = sorted(name for name in dir(settings) if name.startswith("CELERY_"))


@pytest.mark.parametrize("name", OURS)
def test_each_setting_is_known_to_this_version(name):
    known = {key for key, _ in flatten(NAMESPACES)}
    assert name.removeprefix("CELERY_").lower() in known or name in OF_THE_DJANGO_FIXUP
    assert app.conf[name.removeprefix("CELERY_").lower()] == getattr(settings, name)


@pytest.mark.parametrize("option", sorted(settings.CELERY_BROKER_TRANSPORT_OPTIONS))
def test_each_option_of_the_transport_reaches_its_channel(option):
    assert option in Channel.from_transport_options
    with app.connection_for_read() as connection, connection.channel() as channel:
        assert getattr(channel, option) == settings.CELERY_BROKER_TRANSPORT_OPTIONS[option]


def test_celery_closes_no_connection_after_each_task():
    assert app.conf.get("CELERY_DB_REUSE_MAX") == settings.CELERY_DB_REUSE_MAX > 10**6


def test_messages_are_data_and_never_objects():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == app.conf.result_serializer == "json"


@pytest.mark.parametrize(
    ("queues", "kind"),
    [(["risk"], RISK), (["general"], GENERAL), (["general", "risk"], RISK), ([], GENERAL)],
)
def test_the_queue_decides_what_a_worker_is(queues, kind):
    assert kind_of(queues) is kind


@pytest.mark.parametrize("given", ["risk", ["risk"], "risk,general"])
def test_a_risk_worker_has_one_process_no_recycling_and_room_for_its_book(given, monkeypatch):
    names = ("worker_concurrency", "worker_max_tasks_per_child", "worker_max_memory_per_child")
    before = {name: app.conf[name] for name in names}
    try:
        fit_to_queue(app.conf, {"queues": given})
        assert [app.conf[name] for name in names] == [1, None, RISK.memory_per_child_kilobytes]
        fit_to_queue(app.conf, {"queues": "general"})
        assert app.conf.worker_max_tasks_per_child == GENERAL.tasks_per_child
    finally:
        for name, value in before.items():
            app.conf[name] = value


def test_no_task_is_given_a_time_to_run_at():
    """A message with a time is delivered again and again once it waits longer than the broker's patience."""
    found = [
        str(path.relative_to(settings.BASE_DIR))
        for room in ("accounts", "margin", "riskdesk")
        for path in (settings.BASE_DIR / room).rglob("*.py")
        if "countdown=" in path.read_text() or "eta=" in path.read_text().replace("beta=", "")
    ]
    assert found == []
