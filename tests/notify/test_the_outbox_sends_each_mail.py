"""What is due goes out once, over real SMTP; what is not taken waits, or is given up and told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.mail import BadHeaderError
from django.db import connection, transaction

from accounts.models import Role
from margin.flow.acknowledge import acknowledge
from margin.models import Alert, Delivery
from margin.notify import outbox, postman
from margin.notify.outbox import BACK_OFF_SECONDS, MOST_ATTEMPTS, back_off_seconds, send_due
from riskdesk.errors import Broken
from tests import factories
from tests.notify.conftest import NOW
from tests.notify.sink import TAKEN, Sink

Deliver = Callable[..., Delivery]


def test_a_waiting_mail_arrives_with_both_bodies_and_is_marked_sent(sink: Sink, deliver: Deliver) -> None:
    row = deliver()
    assert send_due(NOW) == {"sent": 1}
    (mail,) = sink.mails
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error, row.lease_token) == ("sent", 1, "", None)
    assert row.sent_at is not None
    assert mail["Message-ID"] == f"<{row.message_id}@riskdesk.example>"
    assert (mail["To"], mail["Subject"], mail["X-Riskdesk-Run"]) == ("rita@desk.example", "Trouble", "run-1")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_sent_mail_is_not_sent_again(sink: Sink, deliver: Deliver) -> None:
    deliver()
    assert send_due(NOW) == {"sent": 1}
    assert send_due(NOW + timedelta(days=1)) == {}
    assert len(sink.mails) == 1


def test_a_mail_that_is_not_due_waits(sink: Sink, deliver: Deliver) -> None:
    deliver()
    assert send_due(NOW - timedelta(seconds=1)) == {}
    assert sink.mails == []


def test_line_breaks_in_a_subject_never_become_headers(sink: Sink, deliver: Deliver) -> None:
    deliver(subject="Trouble\r\nBcc: otto@evil.example\u202e")
    send_due(NOW)
    (mail,) = sink.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Trouble Bcc: otto@evil.example"
    assert sink.recipients == ["rita@desk.example"]


@pytest.mark.parametrize(
    ("answer", "state", "outcome"),
    [
        ("451 try later", "waiting", "put_off"),
        ("452 mailbox is full", "waiting", "put_off"),
        ("550 no such mailbox", "dead", "dead"),
        ("554 refused", "dead", "dead"),
    ],
)
@pytest.mark.parametrize("by", ["recipient", "message"])
def test_answers_of_the_server_decide(
    answer: str, state: str, outcome: str, by: str, sink: Sink, deliver: Deliver
) -> None:
    row = deliver()
    if by == "recipient":
        sink.answer_recipient = lambda _: answer
    else:
        sink.answer_message = lambda _: answer
    assert send_due(NOW) == {outcome: 1}
    row.refresh_from_db()
    assert (row.state, row.error) == (state, answer)


def test_each_put_off_waits_longer_and_the_last_is_given_up(sink: Sink, deliver: Deliver) -> None:
    row = deliver()
    sink.answer_recipient = lambda _: "451 try later"
    now, waits = NOW, []
    while row.state == "waiting":
        send_due(now)
        row.refresh_from_db()
        waits.append(int((row.due_at - now).total_seconds()))
        now = row.due_at
    assert waits[:5] == list(BACK_OFF_SECONDS)
    assert (row.state, row.attempts) == ("dead", MOST_ATTEMPTS)
    assert back_off_seconds(11) == 7200


def test_a_dead_letter_is_told_by_an_alert_once(sink: Sink, deliver: Deliver) -> None:
    row = deliver()
    sink.answer_recipient = lambda _: "550 no such mailbox"
    send_due(NOW)
    alert = Alert.objects.get()
    assert (alert.reason, alert.desk, alert.key) == (
        Alert.Reason.DELIVERY_FAILED,
        row.desk,
        f"delivery:{row.pk}:dead",
    )
    assert "550 no such mailbox" in alert.text
    assert alert.deliveries.count() == 0


@pytest.mark.parametrize(("fate", "state"), [("dead", "resolved"), ("parked", "acknowledged")])
def test_a_given_up_letter_is_over_once_seen_and_a_parked_one_only_taken_note_of(
    fate: str, state: str, sink: Sink, deliver: Deliver
) -> None:
    deliver(channel="mail" if fate == "dead" else "pigeon")
    sink.answer_recipient = lambda _: "550 no such mailbox"
    assert send_due(NOW) == {fate: 1}
    alert, rita = Alert.objects.get(), factories.person("rita")
    factories.grant(rita, alert.desk, Role.RISK_MANAGER)
    acknowledge(alert=alert, person=rita, note="seen", now=NOW)
    alert.refresh_from_db()
    assert (alert.state, alert.note) == (state, "seen")
    assert (alert.resolved_at == NOW) == (fate == "dead")


@pytest.mark.parametrize(
    "recipient",
    [
        *("a@b.co\r\nBcc: c@d.co", "a@[127.0.0.1]", "a@127.0.0.1", "nobody", "a b@c.co", "a@localhost"),
        *("a..b@c.co", ".a@c.co", "a.@c.co", f"{'a' * 65}@c.co"),
    ],
)
def test_what_is_not_a_plain_address_gets_no_mail(recipient: str, sink: Sink, deliver: Deliver) -> None:
    row = deliver(recipient)
    assert send_due(NOW) == {"dead": 1}
    row.refresh_from_db()
    assert row.state == "dead"
    assert sink.mails == []


def test_a_letter_that_cannot_be_written_is_given_up_alone(
    sink: Sink, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = postman.letter_of

    def faulty(delivery: Delivery) -> object:
        if delivery.recipient != "vic@desk.example":
            return written(delivery)
        raise BadHeaderError("Header values can't contain newlines")

    greeted: list[str] = []
    sink.on_connect = lambda: greeted.append("hello")
    monkeypatch.setattr(postman, "letter_of", faulty)
    for recipient in ("rita@desk.example", "vic@desk.example", "ada@desk.example"):
        deliver(recipient)
    assert send_due(NOW) == {"sent": 2, "dead": 1}
    assert sink.recipients == ["rita@desk.example", "ada@desk.example"]
    assert "cannot be written as a letter" in Delivery.objects.get(state="dead").error
    assert len(greeted) == 2, "it may have been half said: the next one begins anew"


def test_a_server_whose_name_cannot_be_asked_for_is_unreachable(
    sink: Sink, deliver: Deliver, settings: pytest.FixtureRequest
) -> None:
    settings.EMAIL_HOST = "a..b"  # type: ignore[attr-defined]
    deliver()
    assert send_due(NOW) == {"unreachable": 1}


def test_mail_goes_only_to_the_domains_that_are_allowed(
    sink: Sink, deliver: Deliver, settings: pytest.FixtureRequest
) -> None:
    import dataclasses

    settings.ENV = dataclasses.replace(settings.ENV, mail_domains=("desk.example",))  # type: ignore[attr-defined]
    deliver("rita@desk.example")
    deliver("rita@elsewhere.example")
    assert send_due(NOW) == {"sent": 1, "dead": 1}
    assert sink.recipients == ["rita@desk.example"]


def test_an_absent_server_costs_no_attempt(
    sink: Sink, deliver: Deliver, settings: pytest.FixtureRequest
) -> None:
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]
    rows = [deliver(), deliver("vic@desk.example")]
    assert send_due(NOW) == {"unreachable": 1, "handed_back": 1}
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("waiting", 0)


def test_a_server_that_hangs_up_ends_the_pass(sink: Sink, deliver: Deliver) -> None:
    rows = [deliver() for _ in range(3)]
    sink.answer_message = lambda _: "421 closing"
    assert send_due(NOW) == {"broken": 1, "handed_back": 2}
    assert sorted(row.attempts for row in Delivery.objects.all()) == [0, 0, 1]
    sink.answer_message = lambda _: TAKEN
    assert send_due(NOW + timedelta(seconds=5)) == {"sent": 3}
    assert len(rows) == len(sink.mails)


def test_one_with_many_mails_does_not_hold_up_another(
    sink: Sink, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_PER_PASS", 10)
    for _ in range(30):
        deliver("loud@desk.example")
    deliver("quiet@desk.example")
    assert send_due(NOW) == {"sent": 10}
    assert sink.recipients.count("quiet@desk.example") == 1


def test_a_pass_sends_at_most_so_many(sink: Sink, deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_PER_PASS", 4)
    monkeypatch.setattr(outbox, "CLAIM_SIZE", 2)
    for _ in range(6):
        deliver()
    assert send_due(NOW) == {"sent": 4}
    assert Delivery.objects.filter(state="waiting").count() == 2


def test_nothing_is_sent_inside_a_transaction(sink: Sink, deliver: Deliver) -> None:
    deliver()
    with transaction.atomic(), pytest.raises(Broken):
        send_due(NOW)
    assert sink.mails == []
    assert not connection.in_atomic_block
