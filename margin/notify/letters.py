"""Who gets a row on which way out, and how it reads there: the one table of it, by channel.

Takes alerts, or a desk and the time; gives waiting `Delivery` rows, for the carriers of `carriers.py`. Sends
nothing, and knows nothing of schedules: whoever asks for digests keeps the once-a-day promise.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.access import Action, people_with
from accounts.models import Desk, User
from margin.models import Alert, Delivery
from margin.notify.digest import compose_digest
from margin.notify.email import Letter, compose
from margin.notify.escalation import compose_escalation


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """One channel: where it reaches a person, and its words. What it has no words for it does not carry."""

    recipients: Callable[[User], Iterable[str]]
    alert: Callable[[Alert], Letter]
    escalation: Callable[[Desk, Sequence[Alert], datetime], Letter] | None = None
    digest: Callable[[Desk, datetime], Letter] | None = None


def _mailbox(person: User) -> list[str]:
    return [person.email] if person.email else []


WRITERS: dict[str, Writer] = {
    Delivery.Channel.MAIL: Writer(
        recipients=_mailbox, alert=compose, escalation=compose_escalation, digest=compose_digest
    ),
}


def write_letters(alerts: Sequence[Alert], now: datetime) -> list[Delivery]:
    """A row for each address of everyone who answers for the desk, on every channel; not yet stored."""
    people = {desk: list(people_with(Action.BE_ALERTED, desk)) for desk in {row.desk for row in alerts}}
    rows = []
    for row in sorted(alerts, key=lambda row: row.pk):
        for channel, writer in WRITERS.items():
            if reached := _reached(writer, people[row.desk]):
                letter, run = writer.alert(row), str(row.run_id or "")
                about = {"desk_id": row.desk_id, "kind": "alert", "alert": row, "run_id": run}
                rows += _rows(letter, channel, reached, now, **about)
    return rows


def write_escalation(
    desk: Desk, alerts: Sequence[Alert], people: Iterable[User], now: datetime
) -> list[Delivery]:
    """A row for each address of these people, about all these alerts; not yet stored."""
    people, rows = list(people), []
    for channel, writer in WRITERS.items():
        if writer.escalation and (reached := _reached(writer, people)):
            letter = writer.escalation(desk, alerts, now)
            rows += _rows(letter, channel, reached, now, desk_id=desk.pk, kind="escalation")
    return rows


def compose_digests(desk: Desk, now: datetime) -> list[Delivery]:
    """Put the day's digest into the outbox for everyone who may see the desk."""
    people = list(people_with(Action.SEE_DESK, desk))
    rows = []
    for channel, writer in WRITERS.items():
        if writer.digest and (reached := _reached(writer, people)):
            rows += _rows(writer.digest(desk, now), channel, reached, now, desk_id=desk.pk, kind="digest")
    return Delivery.objects.bulk_create(rows)


def _reached(writer: Writer, people: Iterable[User]) -> list[str]:
    """Two people may share one address."""
    return sorted({address for person in people for address in writer.recipients(person)})


def _rows(
    letter: Letter, channel: str, reached: Iterable[str], now: datetime, **about: Any
) -> list[Delivery]:
    words = {"subject": letter.subject[:200], "text": letter.text, "html": letter.html}
    return [
        Delivery(channel=channel, recipient=address, created_at=now, due_at=now, **words, **about)
        for address in reached
    ]
