"""kill -9 at the two places that matter: after the server took the mail, and before it saw it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from margin.models import Delivery
from margin.notify.carrier import Outcome, Retry
from margin.notify.claims import claim, free_what_the_dead_held, holding
from margin.notify.outbox import BACK_OFF_SECONDS, MOST_ATTEMPTS, attend, send_due
from margin.notify.postman import Postman
from tests.notify.conftest import NOW
from tests.notify.sink import TAKEN, Sink

Deliver = Callable[..., Delivery]
SOON = NOW + timedelta(seconds=BACK_OFF_SECONDS[0])
"""When a letter whose first try ended with its worker is tried again."""
PROGRAM = """
import django, datetime, sys
django.setup()
from margin.notify.outbox import send_due
send_due(datetime.datetime.fromisoformat(sys.argv[1]))
"""


def dispatcher(settings: Any) -> subprocess.Popen[bytes]:
    """A process of its own that sends what is due in this test's database."""
    said = connection.settings_dict
    url = f"postgres://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/{said['NAME']}"
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "riskdesk.settings",
        "DATABASE_URL": url,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(settings.EMAIL_PORT),
        "EMAIL_TLS": "0",
    }
    return subprocess.Popen([sys.executable, "-c", PROGRAM, NOW.isoformat()], env=variables)


class Killer:
    """Kills the dispatcher from inside the conversation, once."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = threading.Event()

    def strike(self) -> None:
        if self.process is None or self.process.poll() is None:
            assert self.started.wait(90)
            assert self.process is not None
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(90)

    def run(self, settings: Any) -> None:
        self.process = dispatcher(settings)
        self.started.set()
        assert self.process.wait(90) == -signal.SIGKILL


@pytest.fixture
def killer() -> Killer:
    return Killer()


def lapse_leases() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE margin_delivery SET lease_until = clock_timestamp() - interval '1 second'")


def send_once_the_dead_are_seen() -> dict[str, int]:
    """The server ends the session of a killed process as soon as it sees its connection closed."""
    deadline = time.monotonic() + 90
    while not (counts := send_due(SOON)):
        assert time.monotonic() < deadline, "the claim of the dead was not freed"
    return counts


def test_killed_after_the_server_took_it_it_comes_again_under_the_same_id(
    sink: Sink, deliver: Deliver, settings: Any, killer: Killer
) -> None:
    row = deliver()

    def take_and_kill(_: object) -> str:
        killer.strike()
        return TAKEN

    sink.answer_message = take_and_kill
    killer.run(settings)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sending", 1)
    assert send_once_the_dead_are_seen() == {"sent": 1}
    first, second = sink.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)


def test_killed_before_the_server_saw_them_all_are_sent_once(
    sink: Sink, deliver: Deliver, settings: Any, killer: Killer
) -> None:
    rows = [deliver() for _ in range(3)]
    sink.on_connect = killer.strike
    killer.run(settings)
    assert sink.mails == []
    sink.on_connect = lambda: None
    assert send_once_the_dead_are_seen() == {"sent": 3}
    assert len(sink.mails) == 3
    assert list(Delivery.objects.order_by("pk").values_list("state", "attempts")) == [
        ("sent", 2),
        ("sent", 1),
        ("sent", 1),
    ], "only what was being sent has an attempt behind it"
    assert len(rows) == 3


def test_a_claim_whose_session_lives_is_left_alone_until_its_lease_lapses(
    sink: Sink, deliver: Deliver
) -> None:
    deliver()
    with holding() as token:
        assert len(claim(token, NOW, 1)) == 1
        assert send_due(NOW) == {}
        lapse_leases()
        assert send_due(NOW) == {"sent": 1}


def test_a_claim_is_free_once_its_session_lets_go(sink: Sink, deliver: Deliver) -> None:
    deliver()
    with holding() as token:
        claim(token, NOW, 1)
        assert free_what_the_dead_held() == 0
    assert free_what_the_dead_held() == 1
    assert send_due(NOW) == {"sent": 1}


def test_who_lost_the_lease_sends_nothing_and_does_not_overwrite(sink: Sink, deliver: Deliver) -> None:
    row = deliver()
    with holding() as token:
        (slow,) = claim(token, NOW, 1)
    assert send_due(NOW) == {"sent": 1}
    with Postman() as postman:
        assert attend(postman, slow, NOW) == "lost"
    row.refresh_from_db()
    assert (row.state, len(sink.mails)) == ("sent", 1)


class Overtaken(Postman):
    """While it speaks with the server, another worker takes the mail and sends it."""

    def carry(self, delivery: Delivery) -> Outcome:
        lapse_leases()
        assert send_due(SOON) == {"sent": 1}
        return Retry("451 try later")


def test_who_loses_the_lease_while_sending_does_not_overwrite_the_one_who_has_it(
    sink: Sink, deliver: Deliver
) -> None:
    row = deliver()
    with holding() as token, Overtaken() as slow:
        (delivery,) = claim(token, NOW, 1)
        assert attend(slow, delivery, NOW) == "put_off"
    row.refresh_from_db()
    assert row.state == "sent"


def test_a_mail_that_kills_every_worker_is_given_up_in_the_end(sink: Sink, deliver: Deliver) -> None:
    row = deliver(attempts=MOST_ATTEMPTS)
    assert send_due(NOW) == {"dead": 1}
    row.refresh_from_db()
    assert (row.state, sink.mails) == ("dead", [])
    assert "no attempt to send it came to an end" in row.error


class Deadly(Postman):
    """Whatever it is given, its worker ends."""

    def carry(self, delivery: Delivery) -> Outcome:
        raise SystemExit


def a_worker_dies(now: datetime) -> None:
    free_what_the_dead_held()
    with suppress(SystemExit), holding() as token:
        for delivery in claim(token, now, 1):
            attend(Deadly(), delivery, now)


def test_a_dozen_deaths_within_minutes_use_up_no_letter(sink: Sink, deliver: Deliver) -> None:
    row = deliver()
    for second in (0, 2, 4, 6, 8, 10, 35, 36, 40, 100, 200, 335):
        a_worker_dies(NOW + timedelta(seconds=second))
    row.refresh_from_db()
    assert (row.state, row.attempts, sink.mails) == ("sending", 3, []), "tried at 0, 6 and 36 seconds"
    assert send_due(NOW + timedelta(seconds=336)) == {"sent": 1}
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 4)
