"""A write that is sent again does nothing twice."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Replay, Transfer
from margin.api import idempotency
from margin.flow import repeat
from margin.flow.housekeeping import keep_house
from riskdesk import clock
from tests import factories
from tests.doors.api import Api, is_problem
from tests.factories import MONDAY_NOON


def deposit(reference="t1", **fields):
    return {
        "reference": reference,
        "asset": "USD",
        "amount": "100",
        "from": {"external": "bank"},
        "to": {"account": "ACME-1", "pocket": "wallet"},
    } | fields


@pytest.fixture
def calls(rita, noon):
    factories.sub_account("ACME-1")
    return Api(rita)


def send(calls, body, key="k1"):
    return calls.post("transfers/", body, Idempotency_Key=key)


@pytest.mark.django_db
def test_the_same_key_and_body_get_the_first_answer_to_the_byte(calls):
    first = send(calls, deposit())
    again = send(calls, dict(reversed(deposit().items())))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert Transfer.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_or_address_is_422(calls):
    send(calls, deposit())
    is_problem(send(calls, deposit(amount="101")), 422)
    answer = calls.put(
        "positions/", {"source": "s", "as_of": MONDAY_NOON.isoformat(), "positions": []}, Idempotency_Key="k1"
    )
    is_problem(answer, 422)
    (error,) = answer.json()["errors"]
    assert (error["field"], error["rule"], error["value"]) == ("Idempotency-Key", "key_reused", "k1")
    assert Transfer.objects.count() == 1


@pytest.mark.django_db
def test_a_refusal_is_an_answer_that_stands_too(calls):
    out = deposit(**{"from": deposit()["to"], "to": deposit()["from"]})
    first = send(calls, out)
    is_problem(first, 409)
    send(calls, deposit("t0"), key="k0")
    again = send(calls, out)
    assert (again.status_code, again.content) == (409, first.content)


@pytest.mark.django_db
def test_keys_belong_to_their_caller(calls, prime, eve):
    from accounts.models import Role

    send(calls, deposit())
    factories.grant(eve, prime, Role.RISK_MANAGER)
    assert send(Api(eve), deposit("t2")).status_code == 201
    assert Transfer.objects.count() == 2


@pytest.mark.django_db
def test_a_key_is_free_again_after_a_day(calls, rita):
    calls = Api(rita, scopes=())  # a session would have ended by then
    send(calls, deposit())
    with clock.pinned(MONDAY_NOON + timedelta(hours=24, seconds=1)):
        assert keep_house(clock.now())["answers"] == 1
        assert send(calls, deposit("t2")).status_code == 201


@pytest.mark.django_db
def test_while_the_first_call_is_under_way_the_second_is_told_to_wait(calls, rita):
    Replay.objects.create(caller=f"person:{rita.pk}", key="k1", body_digest="other", created_at=MONDAY_NOON)
    is_problem(send(calls, deposit()), 422)
    Replay.objects.update(body_digest=digest_of(calls))
    answer = send(calls, deposit())
    is_problem(answer, 409)
    assert answer["Retry-After"] == "1"
    assert not Transfer.objects.exists()


@pytest.mark.django_db
def test_a_claim_whose_call_died_is_taken_over_after_a_minute(calls, rita):
    Replay.objects.create(
        caller=f"person:{rita.pk}", key="k1", body_digest=digest_of(calls), created_at=MONDAY_NOON
    )
    with clock.pinned(MONDAY_NOON + timedelta(seconds=61)):
        assert send(calls, deposit()).status_code == 201


def digest_of(calls):
    """The digest of a deposit, as a first call leaves it."""
    from django.test import RequestFactory
    from rest_framework.request import Request

    return idempotency.digest(Request(RequestFactory().post("/api/v1/transfers/")), deposit())


@pytest.mark.django_db
def test_a_fault_frees_the_key_and_keeps_nothing(calls, monkeypatch):
    real = repeat.remember

    def die(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(repeat, "remember", die)
    is_problem(send(calls, deposit()), 500)
    assert not Transfer.objects.exists()
    assert not Replay.objects.exists()
    monkeypatch.setattr(repeat, "remember", real)
    assert send(calls, deposit()).status_code == 201


@pytest.mark.django_db
def test_a_call_that_was_taken_over_undoes_its_work(calls, monkeypatch):
    real = repeat.remember

    def late(claim, found):
        Replay.objects.filter(pk=claim.pk).update(created_at=MONDAY_NOON + timedelta(minutes=2))
        real(claim, found)

    monkeypatch.setattr(repeat, "remember", late)
    is_problem(send(calls, deposit()), 409)
    assert not Transfer.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 201, "a b", "é"])
def test_a_key_that_cannot_be_kept_is_refused(calls, key):
    is_problem(send(calls, deposit(), key=key), 400)


def all_at_once(count, work):
    """Run `work(n)` in threads that start together; the connections are closed."""
    gate, found = threading.Barrier(count), [None] * count

    def run(number):
        gate.wait()
        try:
            found[number] = work(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return found


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_calls_with_one_key_post_once(rita):
    factories.sub_account("ACME-1")
    token = Api(rita, scopes=())

    def work(_):
        calls = Api()
        calls.headers = token.headers
        return send(calls, deposit())

    answers = all_at_once(50, work)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Transfer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_snapshots_of_several_sources_neither_deadlock_nor_lose(rita):
    account = factories.sub_account("ACME-1")
    factories.instrument("BTC-PERP")
    token = Api(rita, scopes=())

    def work(number):
        calls = Api()
        calls.headers = token.headers
        line = {
            "account": "ACME-1",
            "instrument": "BTC-PERP",
            "mode": "cross",
            "quantity": "1",
            "entry_price": "1",
            "ref": f"r{number}",
        }
        cash = [{"account": "ACME-1", "asset": "USD", "amount": "1", "reference": f"c{number}"}]
        now = clock.now().isoformat()
        return calls.put(
            "positions/", {"source": f"s{number}", "as_of": now, "positions": [line], "cash": cash}
        )

    answers = all_at_once(12, work)
    assert [answer.status_code for answer in answers] == [200] * 12
    assert account.positions.filter(revision_to__isnull=True).count() == 12
    assert account.pockets.get().balances.get().amount == 12


@pytest.mark.django_db(transaction=True)
def test_one_snapshot_sent_many_times_at_once_funds_its_pocket_once(rita):
    account = factories.sub_account("ACME-1")
    factories.balance(account, "10000")
    factories.quote(factories.instrument("BTC-PERP"), "60000", at=clock.now())
    token = Api(rita, scopes=())
    line = {
        "account": "ACME-1",
        "instrument": "BTC-PERP",
        "mode": "isolated",
        "quantity": "0.1",
        "entry_price": "60000",
        "isolated_margin": "3000",
    }
    snapshot = {"source": "sim", "as_of": clock.now().isoformat(), "positions": [line]}

    def work(_):
        calls = Api()
        calls.headers = token.headers
        return calls.put("positions/", snapshot)

    answers = all_at_once(8, work)
    outcomes = Counter(answer.json()["positions"][0]["outcome"] for answer in answers)
    assert outcomes == {"opened": 1, "unchanged": 7}
    held = {pocket.key: pocket.balances.get().amount for pocket in account.pockets.all()}
    assert held == {"wallet": 7000, "isolated:BTC-PERP|isolated": 3000}
