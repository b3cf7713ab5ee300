"""The demo's own mail server: every mail the desk sends lands here and is shown at /mail/.

Takes SMTP on a loopback port; gives `Mail` rows. Relays nothing anywhere, and takes a mail it has already
only once: the same Message-ID to the same people is the outbox keeping its promise, not a second mail.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections, connection

from margin.models import Mail
from margin.notify.cleaning import one_line
from riskdesk import clock

log = structlog.get_logger(__name__)
MOST_BYTES = 2 * 1024 * 1024
TAKEN, LATER = "250 The mail room has it", "451 The mail room cannot write now, try again"


class MailRoom:
    """What the SMTP server asks when a mail has come in."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        data = content if isinstance(content, bytes) else (content or "").encode()
        try:
            await sync_to_async(keep)(data, envelope.mail_from or "", envelope.rcpt_tos)
        except DatabaseError as error:
            log.warning("mail.not_kept", error=repr(error)[:200])
            return LATER
        return TAKEN


def keep(data: bytes, sender: str, recipients: list[str]) -> bool:
    """Write the mail down. False: it was here already."""
    close_old_connections()
    letter = message_from_bytes(data, policy=policy.default)
    message_id = one_line(str(letter["Message-ID"] or ""), most=200)
    try:
        if message_id and Mail.objects.filter(message_id=message_id, recipients=recipients).exists():
            log.info("mail.came_again", message_id=message_id)
            return False
        Mail.objects.create(
            message_id=message_id,
            sender=one_line(sender, most=254),
            recipients=recipients,
            subject=one_line(str(letter["Subject"] or ""), most=300),
            text=_body(letter, "plain"),
            html=_body(letter, "html"),
            raw=data,
            received_at=clock.now(),
        )
        log.info("mail.received", message_id=message_id, run_id=str(letter["X-Riskdesk-Run"] or ""))
        return True
    finally:
        connection.close()


@asynccontextmanager
async def open_mail_room(host: str, port: int) -> AsyncIterator[int]:
    """Listen while the context lasts; gives the port."""

    def line() -> SMTP:
        return SMTP(MailRoom(), hostname="mail-room", data_size_limit=MOST_BYTES, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(line, host=host, port=port)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\x00", "")
    except (LookupError, UnicodeError):  # a charset nobody knows: the raw mail is kept all the same
        return ""
