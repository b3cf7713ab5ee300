"""A desk in order, for tests that put one thing out of order."""

from datetime import timedelta

import pytest

from margin.flow import vitals
from margin.models import Heartbeat, Quote, Run, ShardState
from margin.models.runs import OUTBOX
from riskdesk import broker, clock
from riskdesk.workers import QUEUES
from tests import factories


@pytest.fixture
def well(db, monkeypatch):
    """A price, a run and all heartbeats, all of now, and a broker that answers. Time stands still, here and
    at the database by whose clock ages are told: they are what a test says, however slow the machine.
    """
    now = clock.now()
    factories.quote(factories.instrument("BTC-PERP"), "58000", at=now)
    Quote.objects.update(received_at=now)
    factories.shard(1)
    Run.objects.create(
        shard_id=1,
        seq=1,
        state=Run.State.COMMITTED,
        trigger="schedule",
        started_at=now - timedelta(seconds=1),
        committed_at=now,
        engine_version="1",
        timings={"recompute": 12.5},
    )
    ShardState.objects.filter(shard=1).update(seq=1)
    for name in (*QUEUES, OUTBOX):
        Heartbeat.objects.create(name=name, beaten_at=now)
    monkeypatch.setattr(broker, "queue_lengths", lambda: {"risk": 0, "general": 3, "unacked": 1})
    monkeypatch.setattr(vitals, "database_time", lambda: (now, 0.0))
    with clock.pinned(now):
        yield now
