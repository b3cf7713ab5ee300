"""kill -9 at the two places that matter: after the server took the mail, and before it saw it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from margin.models import Delivery
from margin.notify.outbox import attend, claim, send_due
from margin.notify.postman import Postman
from tests.notify.conftest import NOW
from tests.notify.sink import TAKEN, Sink

Deliver = Callable[..., Delivery]
PROGRAM = """
import django, datetime, sys
django.setup()
from margin.notify.outbox import attend, claim, send_due
from margin.notify.postman import Postman
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
            assert self.started.wait(20)
            assert self.process is not None
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def run(self, settings: Any) -> None:
        self.process = dispatcher(settings)
        self.started.set()
        assert self.process.wait(30) == -signal.SIGKILL


@pytest.fixture
def killer() -> Killer:
    return Killer()


def lapse_leases() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE margin_delivery SET lease_until = clock_timestamp() - interval '1 second'")


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
    assert send_due(NOW) == {}, "the lease still holds"
    lapse_leases()
    assert send_due(NOW) == {"sent": 1}
    first, second = sink.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)


def test_killed_before_the_server_saw_it_it_is_sent_once(
    sink: Sink, deliver: Deliver, settings: Any, killer: Killer
) -> None:
    row = deliver()
    sink.on_connect = killer.strike
    killer.run(settings)
    assert sink.mails == []
    sink.on_connect = lambda: None
    lapse_leases()
    assert send_due(NOW) == {"sent": 1}
    assert len(sink.mails) == 1
    row.refresh_from_db()
    assert row.state == "sent"


def test_who_lost_the_lease_does_not_overwrite_the_one_who_has_it(sink: Sink, deliver: Deliver) -> None:
    row = deliver()
    (slow,) = claim(NOW, 1)
    lapse_leases()
    assert send_due(NOW) == {"sent": 1}
    sink.answer_message = lambda _: "451 try later"
    with Postman() as postman:
        assert attend(postman, slow, NOW) == "put_off"
    row.refresh_from_db()
    assert row.state == "sent"
