"""A mail server to send to, and waiting deliveries."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from margin.models import Delivery
from margin.notify import outbox
from tests import factories
from tests.notify.sink import Sink, smtp_sink

NOW = factories.MONDAY_NOON


@pytest.fixture(autouse=True)
def _long_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass ends when its work is done, not when the machine does much else."""
    monkeypatch.setattr(outbox, "PASS_SECONDS", 600.0)


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    with smtp_sink() as (server, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = False, ""
        settings.EMAIL_TIMEOUT = 60
        settings.DEFAULT_FROM_EMAIL = "Riskdesk <desk@riskdesk.example>"
        settings.ENV = dataclasses.replace(settings.ENV, mail_domains=())
        yield server


@pytest.fixture
def deliver(transactional_db: None) -> Callable[..., Delivery]:
    desk = factories.desk()

    def waiting(recipient: str = "rita@desk.example", subject: str = "Trouble", **fields: Any) -> Delivery:
        return Delivery.objects.create(
            desk=desk,
            kind="alert",
            recipient=recipient,
            subject=subject,
            text="Look.\n",
            html="<p>Look.</p>",
            run_id="run-1",
            created_at=NOW,
            due_at=NOW,
            **fields,
        )

    return waiting
