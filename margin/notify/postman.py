"""The carrier of mail: one letter after another over one SMTP connection.

Takes a delivery; gives what became of it. Names every fault of SMTP; never touches a row, never retries.
"""

import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.utils import format_datetime, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from margin.models import Delivery
from margin.notify.carrier import Outcome, Refused, Retry, Sent, Unreachable
from margin.notify.cleaning import address_refusal, one_line

TRANSPORT_FAULTS = (OSError, smtplib.SMTPException, ssl.SSLError)
WRITING_FAULTS = (ValueError, TypeError, LookupError, AttributeError, MessageError)
"""What a letter raises that cannot be written as one, and settings that no server can be asked with."""
PERMANENT = range(500, 600)


class Postman:
    """One connection, opened for the first mail and closed at the end."""

    def __init__(self) -> None:
        self._connection: Any = None

    def __enter__(self) -> "Postman":
        return self

    def __exit__(self, *fault: object) -> None:
        self._hang_up()

    def carry(self, delivery: Delivery) -> Outcome:
        """Hand one mail to the server."""
        if refusal := address_refusal(delivery.recipient, settings.ENV.mail_domains):
            return Refused(refusal)
        if self._connection is None:
            connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
            try:
                connection.open()
            except (*TRANSPORT_FAULTS, *WRITING_FAULTS) as error:
                return Unreachable(repr(error)[:300])
            self._connection = connection
        try:
            self._connection.send_messages([letter_of(delivery)])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _answered(code, said)
        except smtplib.SMTPResponseException as error:
            return _answered(error.smtp_code, error.smtp_error)
        except TRANSPORT_FAULTS as error:
            return Retry(repr(error)[:300], broken=True)
        except WRITING_FAULTS as error:  # after the transport's: a certificate's fault is both
            self._hang_up()  # it may be half said: the next one begins anew
            return Refused(one_line(f"it cannot be written as a letter: {error!r}", most=300))
        return Sent()

    def _hang_up(self) -> None:
        if self._connection is not None:
            with suppress(*TRANSPORT_FAULTS):  # the mails it took are taken
                self._connection.close()
        self._connection = None


def _answered(code: int, said: bytes | str) -> Outcome:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    error = one_line(f"{code} {words}", most=300)
    # 421: the server is about to hang up, whatever the mail was
    return Refused(error) if code in PERMANENT else Retry(error, broken=code == 421)


def letter_of(delivery: Delivery) -> EmailMultiAlternatives:
    """The message, the same bytes of identity at every attempt."""
    letter = EmailMultiAlternatives(
        subject=one_line(delivery.subject),
        body=delivery.text,
        to=[delivery.recipient],
        headers={
            "Message-ID": message_id_of(delivery),
            "Date": format_datetime(delivery.created_at),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "X-Riskdesk-Desk": delivery.desk.code,
            "X-Riskdesk-Kind": one_line(delivery.kind),
            "X-Riskdesk-Run": one_line(delivery.run_id) or "none",
        },
    )
    if delivery.html:
        letter.attach_alternative(delivery.html, "text/html")
    return letter


def message_id_of(delivery: Delivery) -> str:
    """Stable over attempts, so that whoever gets it twice can see that it is one."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "riskdesk.invalid"
    return f"<{delivery.message_id}@{domain}>"
