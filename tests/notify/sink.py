"""An SMTP server for tests: real connections, and answers as each test wants them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKEN = "250 taken"
Answer = Callable[[Envelope], str]


class Sink:
    """What came in, and how recipients and messages are answered."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer_recipient: Callable[[str], str] = lambda _: TAKEN
        self.answer_message: Answer = lambda _: TAKEN
        self.on_connect: Callable[[], None] = lambda: None

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, name: str) -> str:
        self.on_connect()
        session.host_name = name
        return "250 here"

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        self.on_connect()
        session.host_name = name
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.answer_recipient(address)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answer_message(envelope)
        if answer == TAKEN:
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.recipients.extend(envelope.rcpt_tos)
        return answer


class AnyPort(Controller):
    """Takes a port that is free, and says hello to itself there."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_sink() -> Iterator[tuple[Sink, int]]:
    """A sink and its port."""
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0, ready_timeout=90)
    controller.start()
    try:
        yield sink, controller.port
    finally:
        controller.stop()
