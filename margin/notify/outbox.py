"""The outbox: rows that were written with the deed, sent after it. At least once, and always under the same
Message-ID.

Takes the time; claims what is due, hands each to its channel's carrier outside any transaction, and writes
down what became of it. A claim whose worker died is sent again, after the pause of a failed try. Never sends
inside a transaction; never raises because of what is on the other side.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Self

import structlog
from django.db import connection, transaction

from margin.models import Delivery
from margin.notify import claims
from margin.notify.carrier import Carrier, Refused, Retry, Sent, Unreachable
from margin.notify.carriers import CARRIERS
from margin.notify.hints import send_alerts_changed
from margin.notify.undelivered import Fate, no_longer_parked, tell
from riskdesk import clock
from riskdesk.errors import Broken

log = structlog.get_logger(__name__)

BACK_OFF_SECONDS = (5, 30, 300, 1800, 7200)
MOST_ATTEMPTS = 12
UNREACHABLE_SECONDS = 5
PARKED_SECONDS = 300
CLAIM_SIZE = 10
MOST_PER_PASS = 50
PASS_SECONDS = 10.0
OVER = {"unreachable", "broken"}
"""Ends after which a channel gets nothing more in this pass."""


class Ways:
    """The carriers of one pass: each opened for the first delivery of its channel, all closed at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[str, Carrier] = {}
        self.gone: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._stack.close()

    def carrier_of(self, channel: str) -> Carrier | None:
        """None: nobody carries this channel here."""
        if channel not in self._open and channel in CARRIERS:
            self._open[channel] = self._stack.enter_context(CARRIERS[channel]())
        return self._open.get(channel)


def send_due(now: datetime) -> dict[str, int]:
    """One pass: at most so many deliveries, at most so long. Gives how many met which end."""
    if connection.in_atomic_block:
        raise Broken("nothing is sent inside a transaction")
    counts: Counter[str] = Counter()
    began, in_time = clock.monotonic_seconds(), True
    with claims.holding() as token, Ways() as ways:
        claims.free_what_the_dead_held()
        while in_time and counts.total() < MOST_PER_PASS:
            claimed = claims.claim(token, now, CLAIM_SIZE, without=ways.gone)
            for delivery in claimed:
                in_time = in_time and clock.monotonic_seconds() - began < PASS_SECONDS
                counts[_turn(ways, delivery, now, tried=in_time)] += 1
            if not claimed:
                break
    if counts:
        log.info("outbox.pass", **counts)
    return dict(counts)


def _turn(ways: Ways, delivery: Delivery, now: datetime, *, tried: bool) -> str:
    """One claimed delivery to its end. A channel whose way is gone leaves the others theirs."""
    if not tried or delivery.channel in ways.gone:
        claims.hand_back(delivery)
        return "handed_back"
    carrier = ways.carrier_of(delivery.channel)
    end = _park(delivery, now) if carrier is None else attend(carrier, delivery, now)
    if end in OVER:
        ways.gone.add(delivery.channel)
    return end


def attend(carrier: Carrier, delivery: Delivery, now: datetime) -> str:
    """Send one claimed delivery and record the end; gives its name."""
    again_at = now + timedelta(seconds=back_off_seconds(delivery.attempts + 1))
    if not claims.begin(delivery, again_at=again_at):
        return "lost"
    if delivery.attempts > MOST_ATTEMPTS:  # each try before ended with its worker, or in a fault
        return _give_up(delivery, "no attempt to send it came to an end", now)
    outcome = carrier.carry(delivery)
    said = {"message_id": str(delivery.message_id), "channel": delivery.channel}
    match outcome:
        case Sent():
            log.info("delivery.sent", run_id=delivery.run_id, attempt=delivery.attempts, **said)
            return _sent(delivery)
        case Unreachable(error):
            due_at = now + timedelta(seconds=UNREACHABLE_SECONDS)
            claims.hand_back(delivery, attempts=delivery.attempts - 1, due_at=due_at, error=error)
            log.warning("carrier.unreachable", error=error, **said)
            return "unreachable"
        case Refused(error):
            log.warning("delivery.refused", error=error, **said)
            return _give_up(delivery, error, now)
        case Retry(error, broken):
            log.warning("delivery.put_off", error=error, **said)
            if delivery.attempts >= MOST_ATTEMPTS:
                return _give_up(delivery, error, now)
            claims.record(delivery, state=Delivery.State.WAITING, due_at=again_at, error=error)
            return "broken" if broken else "put_off"


def _sent(delivery: Delivery) -> str:
    """What was said of it while it could not go is over."""
    now = clock.now()
    with transaction.atomic():
        claims.record(delivery, state=Delivery.State.SENT, sent_at=now, error="")
        over = no_longer_parked(delivery, now)
    if over:
        send_alerts_changed(delivery.desk.code)
    return "sent"


def back_off_seconds(attempts: int) -> int:
    """How long until the next try, after so many."""
    return BACK_OFF_SECONDS[min(attempts, len(BACK_OFF_SECONDS)) - 1]


def _park(delivery: Delivery, now: datetime) -> str:
    """Nobody here carries its channel: kept, told, and looked at again, for a newer worker may know how."""
    error = f"nothing here carries the channel {delivery.channel!r}"
    with transaction.atomic():
        claims.hand_back(delivery, due_at=now + timedelta(seconds=PARKED_SECONDS), error=error)
        told = tell(delivery, Fate.PARKED, error, now)
    log.warning("delivery.parked", error=error, message_id=str(delivery.message_id))
    if told:
        send_alerts_changed(delivery.desk.code)
    return "parked"


def _give_up(delivery: Delivery, error: str, now: datetime) -> str:
    """A dead letter stays to be seen, and the desk is told by an alert that itself sends nothing."""
    with transaction.atomic():
        if not claims.record(delivery, state=Delivery.State.DEAD, error=error):
            return "lost"
        no_longer_parked(delivery, now)
        tell(delivery, Fate.DEAD, error, now)
    send_alerts_changed(delivery.desk.code)
    return "dead"
