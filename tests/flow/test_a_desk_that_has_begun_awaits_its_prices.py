"""Silence counts from the later of the last price and the desk's own start. BTC's hard limit is 120 s.

ACME holds 1 BTC from 60,000 on 10,000 USD: at 51,500 it is unknown as soon as the price is stale.
"""

from collections.abc import Iterator

import pytest

from margin.book.read import account_rows
from margin.flow import awaited
from margin.models import Alert, Breach
from riskdesk.celery import warm_up
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
NEAR_ITS_END = "51500"
SILENCE = ["feed_silent", "figure_unknown", "price_in_doubt"]


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A desk that was stopped for an hour after its last price, and begins again."""
    made = make_scene(cap="1000")
    made.step(NEAR_ITS_END)
    made.later(3600)
    awaited.begin(made.now)
    yield made
    awaited.forget()


def standing() -> list[str]:
    return sorted(Alert.objects.exclude(state="resolved").values_list("reason", flat=True))


def test_a_desk_that_comes_back_says_nothing_of_prices_that_are_still_to_come(scene: Scene):
    scene.cycle()
    assert Alert.objects.count() == Breach.objects.count() == 0
    assert account_rows()[0]["level"] == "unknown"  # the figures say honestly what they rest on
    scene.step(NEAR_ITS_END)
    assert Alert.objects.count() == 0
    assert account_rows()[0]["level"] != "unknown"


def test_a_risk_worker_says_that_it_began_before_its_first_run(scene: Scene):
    awaited.forget()
    with scene.clock():
        warm_up()
    scene.cycle()
    assert standing() == []


def test_a_feed_that_stays_silent_is_told_once_the_hard_limit_has_gone_by_since_the_start(scene: Scene):
    scene.later(120)
    scene.cycle()
    assert standing() == []
    scene.later(1)
    scene.cycle()
    assert standing() == SILENCE
    scene.later(1)
    scene.cycle()
    assert standing() == SILENCE


def test_a_price_that_never_came_is_awaited_too(scene: Scene):
    new = factories.instrument("NEW-PERP", stale_soft_seconds=5, stale_hard_seconds=30)
    factories.position(scene.account, new, "1", "1")
    scene.step(NEAR_ITS_END)
    assert standing() == []
    scene.step(NEAR_ITS_END, seconds=30)
    assert standing() == ["figure_unknown", "price_in_doubt"]


def test_an_account_in_another_currency_awaits_its_rate(scene: Scene):
    rate = factories.instrument("EURUSD", stale_soft_seconds=5, stale_hard_seconds=30)
    euro = factories.asset("EUR")
    rate.rate_paths.create(base=euro, quote=factories.asset("USD"))
    second = factories.sub_account("ACME-2", of=scene.client, base="EUR")
    factories.balance(second, "100", of="USD")
    scene.step(NEAR_ITS_END)
    assert standing() == []
    scene.step(NEAR_ITS_END, seconds=30)
    assert "figure_unknown" in standing()


def test_what_stood_before_the_stop_stands_until_a_price_comes(scene: Scene):
    awaited.forget()
    scene.cycle()
    assert standing() == SILENCE
    awaited.begin(scene.now)
    scene.later(1)
    scene.cycle()
    assert standing() == SILENCE
    scene.step(NEAR_ITS_END)
    assert standing() == []
