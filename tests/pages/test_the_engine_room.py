"""`/engine/` shows how runs, shards, workers, feeds and prices do, and stays up when Valkey is away."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from django.test import Client

from margin.flow.heartbeat import beat
from margin.models import PriceRefusal, Run
from margin.models.runs import OUTBOX
from riskdesk import broker
from riskdesk.clock import now
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def queues(monkeypatch) -> dict[str, int]:
    lengths = {"risk": 3, "general": 0, "unacked": 1}
    monkeypatch.setattr(broker, "queue_lengths", lambda: lengths)
    return lengths


def page(person, path: str = "/engine/") -> str:
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def a_run(**more) -> Run:
    given = {"state": "committed", "timings": {"load": 12.34, "recompute": 20}, "counts": {"accounts": 42}}
    return Run.objects.create(
        shard_id=1, started_at=now(), trigger="prices", engine_version="x", **(given | more)
    )


def test_a_run_is_shown_with_its_steps(vic, queues):
    run = a_run(seq=7)
    found = page(vic)
    for word in (run.pk.hex[:8], "Committed", ">12<", ">32<", ">42<", "prices"):
        assert word in found, word
    assert "Slow cycles" not in found


def test_a_slow_cycle_stands_apart(vic, queues):
    a_run(timings={"recompute": 6000})
    assert "Slow cycles of the last hour" in page(vic)


def test_a_cycle_that_had_to_wait_stands_apart(vic, queues):
    a_run(counts={"waited_ms": 5001})
    assert "Slow cycles of the last hour" in page(vic)


def test_workers_queues_and_instruments_are_shown(vic, queues):
    factories.instrument("BTC-PERP")
    beat("risk")
    found = page(vic, "/engine/parts/")
    assert "Heartbeat risk" in found
    assert "Queue risk" in found
    assert "<html" not in found


def test_a_queue_that_never_beat_and_an_outbox_that_never_ended_are_red(vic, queues):
    def red() -> set[str]:
        return set(re.findall(r'<div class="tile bad"><span>(.*?)<', page(vic, "/engine/parts/")))

    beat("risk")
    assert {"Heartbeat general", "Outbox"} <= red()
    for name in ("general", OUTBOX):
        beat(name)
    assert not {"Heartbeat general", "Heartbeat risk", "Outbox"} & red()


def test_the_strip_leads_to_what_was_refused_and_why(vic, queues, tmp_path, settings):
    settings.ENV = replace(settings.ENV, data_dir=tmp_path)
    told = {"source": "sim", "last_value": "0", "last_at": now(), "count": 1234}
    PriceRefusal.objects.create(instrument="OIL-CFD", reason="source_not_listed", **told)
    old = told | {"last_at": now() - timedelta(hours=2)}
    PriceRefusal.objects.create(instrument="OLD-CFD", reason="zero", **old)
    refused = page(vic).partition('id="refused"')[2].partition("</section>")[0]
    for word in ("OIL-CFD", "sim", "source not listed", "1,234"):
        assert word in refused, word
    assert "OLD-CFD" not in refused
    assert 'id="refused-item" href="/engine/#refused"' in page(vic, "/")


def test_the_page_stands_while_valkey_is_away(vic, monkeypatch):
    def away() -> dict[str, int]:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(broker, "queue_lengths", away)
    assert "Valkey does not answer" in page(vic)


def test_the_room_is_in_the_navigation_of_who_may_enter(vic, queues):
    assert '<a href="/engine/" aria-current="page"><span>Engine<' in page(vic)
