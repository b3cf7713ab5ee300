"""Step 1: prices come in, each with an answer; what is stored and counted is seen by all or by no one."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from margin.flow.feed import FeedAnswer, PriceReport, accept_prices
from margin.models import Instrument, PriceRefusal, Quote, ShardState, Tick
from tests import factories
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def btc() -> Instrument:
    factories.shard()
    return factories.instrument("BTC-PERP", sources=["sim", "second"])


def report(price: str, *, seconds: float = 0, instrument: str = "BTC-PERP") -> PriceReport:
    return PriceReport(instrument, Decimal(price), None, None, MONDAY_NOON + timedelta(seconds=seconds))


def send(*reports: PriceReport, source: str = "sim", now: datetime | None = None) -> FeedAnswer:
    moment = now or max(r.time for r in reports)
    return accept_prices(source=source, reports=reports, now=moment)


def wanted() -> bool:
    return ShardState.objects.get(shard=1).wanted_at is not None


def test_a_good_price_becomes_a_tick_and_the_sources_quote(btc: Instrument):
    answer = send(report("60000.5"))
    assert [r.price for r in answer.accepted] == [Decimal("60000.5")]
    assert Tick.objects.get().price == Decimal("60000.5")
    quote = Quote.objects.get(instrument=btc, source__code="sim")
    assert (quote.price, quote.confirmed_price, quote.state) == (
        Decimal("60000.5"),
        Decimal("60000.5"),
        "confirmed",
    )


def test_new_prices_ask_for_one_cycle_however_many_come(sent: list[tuple[int, str]]):
    for second in range(5):
        send(report("60000", seconds=second))
    assert wanted()
    assert sent == [(1, "prices")]


def test_a_jump_is_stored_in_doubt_beside_the_last_confirmed_price():
    send(report("60000"))
    answer = send(report("40000", seconds=1))
    assert [u.doubt for u in answer.unconfirmed] == ["jump from 60000 to 40000"]
    quote = Quote.objects.get()
    assert (quote.price, quote.confirmed_price, quote.state) == (
        Decimal(40000),
        Decimal(60000),
        "unconfirmed",
    )


def test_a_jump_is_confirmed_by_standing_for_two_seconds():
    send(report("60000"))
    states = [bool(send(report("40000", seconds=second)).accepted) for second in (1, 2, 3)]
    assert states == [False, False, True]
    quote = Quote.objects.get()
    assert (quote.confirmed_price, quote.doubt, quote.doubt_since) == (Decimal(40000), "", None)


def test_a_jump_is_confirmed_by_a_second_source():
    send(report("60000"))
    send(report("60010"), source="second")
    assert send(report("40000", seconds=1)).unconfirmed
    assert send(report("40100", seconds=1.5), source="second").accepted


def test_a_single_absurd_print_never_becomes_the_mark():
    """15 April 2017: one venue printed 0.06 and pulled an index from 1183 to 888.48."""
    send(report("1183"))
    assert send(report("0.06", seconds=1)).unconfirmed
    assert send(report("1182", seconds=2)).accepted
    assert Quote.objects.get().confirmed_price == Decimal(1182)


def test_refused_prices_are_counted_by_reason_and_nothing_else_is_written(sent: list[tuple[int, str]]):
    bad = [report("NaN"), report("-1"), report("-2"), report("5", instrument="NO-SUCH")]
    answer = send(*bad, now=MONDAY_NOON)
    assert sorted(r.reason for r in answer.refused) == [
        "negative",
        "negative",
        "not_a_number",
        "unknown_instrument",
    ]
    assert not Tick.objects.exists()
    assert not wanted()
    assert sent == []
    send(report("-3"))
    row = PriceRefusal.objects.get(reason="negative")
    assert (row.count, row.last_value, row.source) == (3, "-3", "sim")


def test_an_unknown_source_is_refused_whole():
    answer = send(report("60000"), source="stranger")
    assert [r.reason for r in answer.refused] == ["unknown_source"]


def test_hostile_names_are_counted_as_printable_text():
    send(report("1", instrument="A\0B\r\n" + "x" * 300))
    assert PriceRefusal.objects.get().last_value.startswith("A?B??xxx")


def test_invented_names_of_one_source_share_one_row():
    send(*(report("5", instrument=f"NO-SUCH-{number}") for number in range(50)))
    row = PriceRefusal.objects.get()
    assert (row.source, row.instrument, row.count, row.last_value) == ("sim", "", 50, "NO-SUCH-49 5")


def test_a_batch_is_judged_in_the_order_of_its_times_whatever_its_own_order():
    answer = send(report("60100", seconds=1), report("60000"), report("60200", seconds=2))
    assert len(answer.accepted) == 3
    assert Quote.objects.get().price == Decimal(60200)


def test_the_same_batch_twice_changes_nothing_the_second_time():
    batch = [report("60000"), report("60100", seconds=1)]
    send(*batch)
    again = send(*batch)
    assert {r.reason for r in again.refused} == {"duplicate", "out_of_order"}
    assert Tick.objects.count() == 2


def test_one_bad_price_does_not_spoil_its_batch():
    answer = send(report("NaN"), report("60000"))
    assert (len(answer.accepted), len(answer.refused)) == (1, 1)
