"""Housekeeping: what goes, what stays, and that a pass has an end."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session

from accounts.models import Replay
from margin.flow import housekeeping
from margin.flow.housekeeping import keep_house
from margin.models import (
    Alert,
    Breach,
    CallEvent,
    ControlChange,
    GateConfirmation,
    Mail,
    MarginCall,
    PriceState,
    Run,
    ShardState,
    Tick,
)
from tests import factories

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def ticks(*ages):
    instrument, source = factories.instrument("BTC-PERP"), factories.source()
    for age in ages:
        at = NOW - age
        Tick.objects.create(
            instrument=instrument,
            source=source,
            price="1",
            time=at,
            received_at=at,
            state=PriceState.CONFIRMED,
        )


def run(at, seq=None, state=Run.State.COMMITTED):
    return Run.objects.create(
        shard_id=1, seq=seq, state=state, trigger="schedule", started_at=at, engine_version="1"
    )


def kept():
    return set(Run.objects.values_list("seq", flat=True))


def test_ticks_are_kept_for_a_day():
    ticks(timedelta(hours=23), timedelta(hours=25), timedelta(days=9))
    assert keep_house(NOW)["ticks"] == 2
    assert Tick.objects.count() == 1


def test_a_pass_goes_on_in_pieces_until_nothing_is_left(monkeypatch):
    monkeypatch.setattr(housekeeping, "PIECE", 2)
    ticks(*[timedelta(days=2)] * 7)
    assert keep_house(NOW)["ticks"] == 7


def test_a_pass_whose_time_is_up_leaves_the_rest_to_the_next(monkeypatch):
    monkeypatch.setattr(housekeeping, "PIECE", 2)
    monkeypatch.setattr(housekeeping, "PASS_SECONDS", 0.0)
    ticks(*[timedelta(days=2)] * 5)
    assert [keep_house(NOW)["ticks"] for _ in range(4)] == [2, 2, 1, 0]


def test_old_answers_sessions_and_demo_mails_go_and_young_ones_stay():
    for age in (timedelta(hours=1), timedelta(days=30)):
        Replay.objects.create(caller="c", key=str(age), body_digest="d", created_at=NOW - age)
        Session.objects.create(
            session_key=str(age)[:8], session_data="", expire_date=NOW + timedelta(hours=2) - age
        )
        Mail.objects.create(message_id=str(age), sender="s", subject="s", raw=b"", received_at=NOW - age)
    removed = keep_house(NOW)
    assert (removed["answers"], removed["sessions"], removed["mails"]) == (1, 1, 1)


def test_what_gates_confirmed_goes_after_a_month_but_for_what_is_renewed_and_the_last_test():
    for revision, deed in ((1, "drill"), (2, "impose"), (3, "drill"), (4, "lift")):
        ControlChange.objects.create(revision=revision, at=NOW - timedelta(days=40), deed=deed)
        for seen in (NOW - timedelta(days=31), NOW - timedelta(days=29)):
            GateConfirmation.objects.create(
                backend=7, revision=revision, applied_at=NOW - timedelta(days=40), seen_at=seen
            )
    assert keep_house(NOW)["confirmations"] == 3
    young = NOW - timedelta(days=30)
    kept = GateConfirmation.objects.order_by("revision", "seen_at").values_list("revision", "seen_at")
    assert [(revision, seen > young) for revision, seen in kept] == [
        (1, True), (2, True), (3, False), (3, True), (4, True),
    ]  # fmt: skip


def test_a_file_that_nobody_confirmed_goes_after_an_hour(tmp_path):
    assert keep_house(NOW)["uploads"] == 0, "there is no folder yet"
    (tmp_path / "uploads").mkdir()
    for name, minutes in (("young", 59), ("old", 61)):
        path, then = tmp_path / "uploads" / name, (NOW - timedelta(minutes=minutes)).timestamp()
        path.write_bytes(b"code\n")
        os.utime(path, (then, then))
    assert keep_house(NOW)["uploads"] == 1
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["young"]


def test_old_runs_are_thinned_to_the_last_committed_of_each_minute(db):
    factories.shard(1)
    minute = NOW - timedelta(hours=10)
    for number in range(1, 13):
        run(minute + timedelta(seconds=5 * (number - 1)), number)
    run(minute + timedelta(seconds=58), state=Run.State.FAILED)
    run(minute + timedelta(seconds=62), 13)
    run(NOW - timedelta(hours=1), 14)
    run(NOW - timedelta(hours=1) + timedelta(seconds=5), 15)
    keep_house(NOW)
    assert kept() == {None, 12, 13, 14, 15}


def test_a_run_that_an_alert_names_or_that_is_the_shards_newest_stays_for_good(prime):
    factories.shard(1)
    minute = NOW - timedelta(days=60)
    named, plain, newest = (run(minute + timedelta(seconds=5 * n), n) for n in (1, 2, 3))
    ShardState.objects.filter(shard=1).update(seq=newest.seq)
    Alert.objects.create(
        desk=prime, reason="x", severity="info", title="t", text="t", key="k", run=named, raised_at=minute
    )
    keep_house(NOW)
    assert kept() == {named.seq, newest.seq}
    assert not Run.objects.filter(pk=plain.pk).exists()


@pytest.mark.parametrize("deed", ["opened_by", "cured_by"])
def test_a_run_that_opened_or_cured_a_breach_stays_as_long_as_the_breach(prime, deed):
    factories.shard(1)
    minute = NOW - timedelta(days=60)
    named, plain = (run(minute + timedelta(seconds=5 * n), n) for n in (1, 2))
    lately = run(NOW - timedelta(hours=1), 3)
    Breach.objects.create(
        desk=prime,
        client=factories.sub_account("ACME-1").client,
        rule="client_leverage",
        subject="client:ACME",
        state="open",
        reason="over",
        opened_at=minute,
        changed_at=minute,
        **({"opened_by": lately} | {deed: named}),
    )
    keep_house(NOW)
    assert kept() == {named.seq, lately.seq}
    assert not Run.objects.filter(pk=plain.pk).exists()


def test_a_run_that_drafted_a_margin_call_or_moved_it_on_stays_as_long_as_the_call():
    account = factories.sub_account("ACME-1")
    minute = NOW - timedelta(days=60)
    drafted, moved, _ = (run(minute + timedelta(seconds=5 * n), n) for n in (1, 2, 3))
    call = MarginCall.objects.create(
        desk=account.client.desk,
        client=account.client,
        sub_account=account,
        kind=MarginCall.Kind.INTRADAY,
        state=MarginCall.State.DRAFT,
        amount="100",
        drafted_by=drafted,
        drafted_at=minute,
    )
    CallEvent.objects.create(call=call, at=minute, deed="raise", run=moved)
    keep_house(NOW)
    assert kept() == {drafted.seq, moved.seq}
