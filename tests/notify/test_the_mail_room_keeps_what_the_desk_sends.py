"""The demo's SMTP server as a process of its own, spoken to over SMTP."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from margin.models import Delivery, Mail
from margin.notify.outbox import send_due
from riskdesk.stack.ports import pick_free
from tests.notify.conftest import NOW

DEADLINE_SECONDS = 90.0


def own_database() -> str:
    said = connection.settings_dict
    return f"postgres://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/{said['NAME']}"


def start(port: int, **variables: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": own_database(),
        "EMAIL_PORT": str(port),
        "EMAIL_HOST": "127.0.0.1",
        "DEMO": "1",
        **variables,
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "mail_room"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def connected(port: int) -> smtplib.SMTP:
    """A line to the server as soon as it is up."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return smtplib.SMTP("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the mail room did not come up"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def opened(django_db_setup: None) -> Iterator[int]:
    """One process for all of them: it keeps nothing but rows."""
    port = pick_free()
    process = start(port)
    try:
        connected(port).quit()
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, out + error


@pytest.fixture
def room(transactional_db: None, settings: Any, opened: int) -> int:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", opened
    settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = False, ""
    settings.EMAIL_TIMEOUT = DEADLINE_SECONDS
    return opened


def test_a_delivery_lies_in_the_mail_room_as_it_looked(room: int, deliver: Callable[..., Delivery]) -> None:
    row = deliver(subject="Trouble at N\N{LATIN SMALL LETTER O WITH STROKE}rth")
    assert send_due(NOW) == {"sent": 1}
    mail = Mail.objects.get()
    assert str(row.message_id) in mail.message_id
    assert mail.recipients == ["rita@desk.example"]
    assert mail.subject == "Trouble at N\N{LATIN SMALL LETTER O WITH STROKE}rth"
    assert (mail.text.strip(), mail.html.strip()) == ("Look.", "<p>Look.</p>")


def test_the_same_mail_twice_is_one(room: int) -> None:
    letter = EmailMessage()
    letter["Message-ID"], letter["Subject"] = "<same@desk.example>", "Once"
    letter.set_content("x")
    with connected(room) as line:
        line.send_message(letter, "desk@desk.example", ["rita@desk.example"])
        line.send_message(letter, "desk@desk.example", ["rita@desk.example"])
    assert Mail.objects.count() == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff not a header\r\n\r\n\x00\x00",
        b"Content-Type: text/plain; charset=nonsense-8\r\n\r\nhello",
        b"Subject: =?utf-8?q?=00=0D=0ABcc:_x?=\r\n\r\nbody",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--",
    ],
)
def test_strange_bytes_are_kept_raw_and_break_nothing(raw: bytes, room: int) -> None:
    with connected(room) as line:
        line.sendmail("desk@desk.example", ["rita@desk.example"], raw)
    assert "\n" not in Mail.objects.get().subject


def test_it_stays_shut_outside_the_demo(settings: Any) -> None:
    settings.ENV = replace(settings.ENV, demo=False)
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("mail_room")


def test_a_taken_port_is_said_in_a_sentence(settings: Any) -> None:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        line.listen()
        port = line.getsockname()[1]
        settings.ENV = replace(settings.ENV, demo=True, email_host="127.0.0.1", email_port=port)
        with pytest.raises(CommandError, match="set EMAIL_PORT to a free one"):
            call_command("mail_room")
