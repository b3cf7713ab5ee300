"""A way out is a carrier and its line in the table; what nobody carries is kept and told."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from margin.models import Alert, Delivery
from margin.notify.carrier import Outcome, Refused, Retry, Unreachable
from margin.notify.carriers import CARRIERS
from margin.notify.outbox import PARKED_SECONDS, send_due
from tests.notify.conftest import NOW
from tests.notify.loft import Loft
from tests.notify.sink import Sink

Deliver = Callable[..., Delivery]


@pytest.fixture
def loft(monkeypatch: pytest.MonkeyPatch) -> Loft:
    loft = Loft()
    monkeypatch.setitem(CARRIERS, "pigeon", lambda: loft)
    return loft


def test_a_carrier_in_the_table_delivers_beside_the_mail(sink: Sink, deliver: Deliver, loft: Loft) -> None:
    deliver("ada@desk.example")
    rows = [deliver(f"roof {number}", channel="pigeon") for number in (1, 2)]
    assert send_due(NOW) == {"sent": 3}
    assert loft.carried == ["roof 1", "roof 2"]
    assert (loft.opened, loft.closed) == (1, 1)
    assert sink.recipients == ["ada@desk.example"]
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("sent", 1)


@pytest.mark.parametrize("answer", [Unreachable("no wind"), Retry("hawk", broken=True)])
def test_a_way_that_is_gone_leaves_the_others_theirs(
    sink: Sink, deliver: Deliver, loft: Loft, answer: Outcome
) -> None:
    loft.answer = answer
    for number in range(12):
        deliver(f"roof {number}", channel="pigeon")
    deliver("ada@desk.example")
    counts = send_due(NOW)
    assert counts["sent"] == 1
    assert len(loft.carried) == 1, "one try says enough for this pass"
    assert Delivery.objects.filter(channel="pigeon", state="waiting").count() == 12


def test_a_carrier_is_not_opened_for_nothing(sink: Sink, deliver: Deliver, loft: Loft) -> None:
    deliver()
    send_due(NOW)
    assert loft.opened == 0


def test_what_nobody_carries_is_parked_with_its_reason_and_goes_when_somebody_does(
    deliver: Deliver, request: pytest.FixtureRequest
) -> None:
    row = deliver("roof 1", channel="pigeon")
    assert send_due(NOW) == {"parked": 1}
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)
    assert row.error == "nothing here carries the channel 'pigeon'"
    later = NOW + timedelta(seconds=PARKED_SECONDS)
    assert send_due(later) == {"parked": 1}
    alert = Alert.objects.get()
    assert alert.reason == "delivery_failed"
    assert "A pigeon to roof 1" in alert.title
    loft = request.getfixturevalue("loft")
    assert send_due(later + timedelta(seconds=PARKED_SECONDS)) == {"sent": 1}
    assert loft.carried == ["roof 1"]
    alert.refresh_from_db()
    assert alert.state == "resolved", "it went: what was said of it is over"


def test_what_was_parked_and_is_then_given_up_is_told_as_given_up_only(
    deliver: Deliver, request: pytest.FixtureRequest
) -> None:
    row = deliver("roof 1", channel="pigeon")
    send_due(NOW)
    request.getfixturevalue("loft").answer = Refused("no such roof")
    send_due(NOW + timedelta(seconds=PARKED_SECONDS))
    states = dict(Alert.objects.values_list("key", "state"))
    assert states == {f"delivery:{row.pk}:parked": "resolved", f"delivery:{row.pk}:dead": "open"}
