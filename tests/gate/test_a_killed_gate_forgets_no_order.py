"""`kill -9` in the middle of the load: what was allowed is known afterwards, and granted once.

The check is turned on a gate that commits after it has answered, too: there it must find orders forgotten.
"""

import http.client
import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from django.db.models import Sum

from margin.models import OrderDecision
from riskdesk import clock
from tests import factories
from tests.gate.harness import Small, make_small
from tests.gate.process import Platform, Process

KILLS = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 2
MOST = Decimal("8.333")


@pytest.fixture
def fresh(transactional_db: None) -> Small:
    """The same small desk with a price of now, that stays good."""
    small = make_small(stale_soft_seconds=86_400, stale_hard_seconds=86_400)
    factories.quote(small.btc, "60000", at=clock.now())
    return small


def forgotten(platform: Platform) -> list[str]:
    """Orders that were answered and are not recorded as they were answered."""
    kept = dict(OrderDecision.objects.values_list("order_id", "decision"))
    return sorted(name for name, answer in platform.answers.items() if kept.get(name) != answer["decision"])


def granted() -> Decimal:
    allowed = OrderDecision.objects.filter(decision="allow")
    return allowed.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)


@pytest.mark.system
def test_no_allowed_order_is_forgotten_and_none_is_granted_twice(fresh: Small, tmp_path: Path) -> None:
    platform, random = Platform(fresh.secret), Random(7)
    for turn in range(KILLS):
        gate = Process(tmp_path)
        gate.await_ready()
        platform.load(gate, until_answers=random.randint(1, 150), name=f"t{turn}")
        assert forgotten(platform) == []
        assert granted() <= MOST
    gate = Process(tmp_path)
    gate.await_ready()
    connection = http.client.HTTPConnection("127.0.0.1", gate.port)
    unanswered = [name for name in platform.asked if name not in platform.answers]
    for name in [*unanswered, *list(platform.answers)[-20:]]:
        answer = platform.ask(connection, name)
        assert platform.answers.setdefault(name, answer) == answer
    connection.close()
    gate.end()
    assert forgotten(platform) == []
    assert granted() <= MOST
    assert len(platform.answers) == len(set(platform.asked))


@pytest.mark.system
def test_a_gate_that_answers_before_it_commits_is_caught(fresh: Small, tmp_path: Path) -> None:
    platform = Platform(fresh.secret)
    gate = Process(tmp_path, application="tests.gate.forgetful:application")
    gate.await_ready()
    platform.load(gate, until_answers=40, name="t0")
    assert forgotten(platform) != []
