"""The outbox: rows that were written with the deed, sent after it. At least once, and always under the same
Message-ID.

Takes the time; claims what is due under a lease, sends each by SMTP outside any transaction, and writes
down what became of it. A claim whose worker died lapses and is sent again. Never sends inside a
transaction; never raises because of SMTP.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from margin.models import Alert, Delivery
from margin.notify.cleaning import one_line
from margin.notify.hints import send_alerts_changed
from margin.notify.postman import NotTaken, Postman, Sent, Unreachable
from riskdesk import clock
from riskdesk.errors import Broken

log = structlog.get_logger(__name__)

BACK_OFF_SECONDS = (5, 30, 300, 1800, 7200)
MOST_ATTEMPTS = 12
UNREACHABLE_SECONDS = 5
CLAIM_SIZE = 10
MOST_PER_PASS = 50
PASS_SECONDS = 10.0
LEASE_SECONDS = 120

# Turns are dealt by recipient: whoever has a thousand mails waiting holds up nobody with one.
CLAIM = """
WITH ranked AS (
    SELECT id, due_at, row_number() OVER (PARTITION BY recipient ORDER BY due_at, id) AS turn
    FROM margin_delivery
    WHERE (state = 'waiting' AND due_at <= %(now)s)
       OR (state = 'sending' AND lease_until < clock_timestamp())
), mine AS (
    SELECT delivery.id
    FROM margin_delivery AS delivery JOIN ranked USING (id)
    WHERE (delivery.state = 'waiting' AND delivery.due_at <= %(now)s)
       OR (delivery.state = 'sending' AND delivery.lease_until < clock_timestamp())
    ORDER BY ranked.turn, ranked.due_at, delivery.id
    LIMIT %(most)s
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE margin_delivery AS delivery
SET state = 'sending', attempts = delivery.attempts + 1, lease_token = %(token)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM mine WHERE delivery.id = mine.id
RETURNING delivery.id
"""


def send_due(now: datetime) -> dict[str, int]:
    """One pass: at most so many mails, at most so long. Gives how many met which end."""
    if connection.in_atomic_block:
        raise Broken("mail is never sent inside a transaction")
    counts: Counter[str] = Counter()
    began = clock.monotonic_seconds()
    with Postman() as postman:
        while counts.total() < MOST_PER_PASS and (claimed := claim(now, CLAIM_SIZE)):
            goes_on = True
            for delivery in claimed:
                goes_on = goes_on and clock.monotonic_seconds() - began < PASS_SECONDS
                outcome = attend(postman, delivery, now) if goes_on else _hand_back(delivery)
                counts[outcome] += 1
                goes_on = goes_on and outcome not in {"unreachable", "broken"}
            if not goes_on:
                break
    if counts:
        log.info("mail_pass", **counts)
    return dict(counts)


def claim(now: datetime, most: int) -> Sequence[Delivery]:
    """Take what is due, each recipient in turn, and write down that it is being sent."""
    token = uuid.uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "most": most, "token": token, "lease": LEASE_SECONDS})
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(pk__in=ids, lease_token=token).select_related("desk").order_by("pk"))


def attend(postman: Postman, delivery: Delivery, now: datetime) -> str:
    """Send one claimed mail and record the outcome; gives its name."""
    outcome = postman.carry(delivery)
    message_id = str(delivery.message_id)
    match outcome:
        case Sent():
            _record(delivery, state=Delivery.State.SENT, sent_at=clock.now(), error="")
            log.info("mail_sent", message_id=message_id, run_id=delivery.run_id, attempt=delivery.attempts)
            return "sent"
        case Unreachable(error):
            _hand_back(delivery, due_at=now + timedelta(seconds=UNREACHABLE_SECONDS), error=error)
            log.warning("mail_server_unreachable", error=error)
            return "unreachable"
        case NotTaken(error, permanent, broken):
            log.warning("mail_not_taken", message_id=message_id, error=error, permanent=permanent)
            if permanent or delivery.attempts >= MOST_ATTEMPTS:
                _give_up(delivery, error, now)
                return "dead"
            due_at = now + timedelta(seconds=back_off_seconds(delivery.attempts))
            _record(delivery, state=Delivery.State.WAITING, due_at=due_at, error=error)
            return "broken" if broken else "put_off"


def back_off_seconds(attempts: int) -> int:
    """How long until the next try, after so many."""
    return BACK_OFF_SECONDS[min(attempts, len(BACK_OFF_SECONDS)) - 1]


def _record(delivery: Delivery, **fields: object) -> bool:
    """Write the outcome, unless the lease lapsed and another worker has it now."""
    mine = Delivery.objects.filter(pk=delivery.pk, lease_token=delivery.lease_token)
    return bool(mine.update(lease_token=None, lease_until=None, **fields))


def _hand_back(delivery: Delivery, **fields: object) -> str:
    """The mail was not tried: as if it had not been claimed."""
    _record(delivery, state=Delivery.State.WAITING, attempts=delivery.attempts - 1, **fields)
    return "handed_back"


def _give_up(delivery: Delivery, error: str, now: datetime) -> None:
    """A dead letter stays to be seen, and the desk is told by an alert that itself sends no mail."""
    with transaction.atomic():
        if not _record(delivery, state=Delivery.State.DEAD, error=error):
            return
        Alert.objects.get_or_create(
            key=f"delivery:{delivery.pk}:dead",
            defaults={
                "desk": delivery.desk,
                "reason": "delivery_failed",
                "severity": Alert.Severity.WARNING,
                "title": one_line(f"A mail to {delivery.recipient} could not be delivered"),
                "text": f"{one_line(delivery.subject)}\n{error}",
                "raised_at": now,
            },
        )
    send_alerts_changed(delivery.desk.code)
