"""What people do with a margin call: issue, cancel, deliver, confirm, dispute, and give more time by two.

Takes a call and a person; gives the call as it then stands, or the refusal that says why not. The call is
locked first, so that a run and two people act one after the other.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.access import Action, lacks
from accounts.audit import record
from accounts.models import HOUSE, Shard, SubAccount, User
from margin.book.facts import Revisions
from margin.book.load_rules import call_policy_of
from margin.engine.call import Kind
from margin.flow.calls import issue_row, no_longer_late, standing_calls
from margin.flow.wanted import want_cycle
from margin.models import CallEvent, CallExtension, Delivery, MarginCall
from margin.notify.call_letter import write_call_letters
from margin.notify.hints import send_alerts_changed
from riskdesk.errors import Refusal
from riskdesk.texts import text_doubts

State = MarginCall.State
LONGEST_EXTENSION = timedelta(days=7)
Answer = MarginCall | Refusal
Deed = Callable[[MarginCall], Refusal | None]


def call_on(account: SubAccount) -> MarginCall | None:
    """The call that is owed on an account: while there is one, nothing leaves it."""
    return MarginCall.objects.filter(sub_account=account, state__in=MarginCall.OWED).first()


def issue(call: MarginCall, person: User, *, note: str, now: datetime) -> Answer:
    """Now, instead of waiting until it issues itself."""

    def deed(row: MarginCall) -> Refusal | None:
        if row.state != State.DRAFT:
            return _not_so(row, "not_a_draft", "Only a draft is issued.")
        numbers = (HOUSE, row.client.shard_id)
        reached = dict(Shard.objects.filter(number__in=numbers).values_list("number", "revision"))
        terms = call_policy_of(row.desk)
        issue_row(row, terms.time_for(Kind(row.kind)), Revisions(reached[numbers[1]], reached[HOUSE]), now)
        row.issued_by = person
        Delivery.objects.bulk_create(write_call_letters([row], now))
        return None

    return _do(call, person, "issue", deed, note=note, now=now)


def cancel(call: MarginCall, person: User, *, note: str, now: datetime) -> Answer:
    """It should not have been: the reason is kept. If the account still lacks margin it is called anew."""

    def deed(row: MarginCall) -> Refusal | None:
        if not note.strip():
            return Refusal("note", "required", "", "Say why the call is cancelled.")
        row.state, row.closed_at = State.CANCELLED, now
        return None

    return _do(call, person, "cancel", deed, note=note, now=now)


def deliver(call: MarginCall, person: User, *, note: str, now: datetime) -> Answer:
    """The client was reached another way: by telephone, in person."""

    def deed(row: MarginCall) -> Refusal | None:
        if row.state not in MarginCall.OWED:
            return _not_so(row, "not_issued", "Only an issued call is delivered.")
        if row.delivered_at is not None:
            return _not_so(row, "delivered_already", f"It was delivered at {_told(row.delivered_at)}.")
        if not note.strip():
            return Refusal("note", "required", "", "Say how the client was reached.")
        row.delivered_at = now
        return None

    return _do(call, person, "deliver", deed, note=note, now=now)


def confirm(call: MarginCall, person: User, *, note: str, now: datetime) -> Answer:
    """The client said that they have it."""

    def deed(row: MarginCall) -> Refusal | None:
        if row.state not in MarginCall.OWED:
            return _not_so(row, "not_issued", "Only an issued call is acknowledged.")
        if row.acknowledged_at is not None:
            return _not_so(
                row, "acknowledged_already", f"It was acknowledged at {_told(row.acknowledged_at)}."
            )
        row.acknowledged_at = now
        row.delivered_at = row.delivered_at or now
        return None

    return _do(call, person, "acknowledge", deed, note=note, now=now)


def dispute(call: MarginCall, person: User, *, amount: Decimal, note: str, now: datetime) -> Answer:
    """So much of it the client disputes; the rest is due all the same. Zero ends the dispute."""

    def deed(row: MarginCall) -> Refusal | None:
        if row.state not in MarginCall.OWED:
            return _not_so(row, "not_issued", "Only an issued call is disputed.")
        if not 0 <= amount <= row.amount:
            message = f"Between 0 and the {row.amount:f} that were called."
            return Refusal("amount", "range", f"{amount:f}", message)
        if amount and not note.strip():
            return Refusal("note", "required", "", "Say what is disputed.")
        row.disputed = amount or None
        return None

    return _do(call, person, "dispute", deed, note=note, now=now)


def ask_extension(call: MarginCall, person: User, *, due_at: datetime, note: str, now: datetime) -> Answer:
    """More time, once, if another person gives it."""

    def deed(row: MarginCall) -> Refusal | None:
        if row.state not in MarginCall.OWED or row.due_at is None:
            return _not_so(row, "not_issued", "Only an issued call is extended.")
        if not note.strip():
            return Refusal("note", "required", "", "Say why the client gets more time.")
        latest = now + LONGEST_EXTENSION
        if not max(row.due_at, now) < due_at <= latest:
            message = f"After {_told(max(row.due_at, now))} and at most until {_told(latest)}."
            return Refusal("due_at", "range", due_at.isoformat(), message)
        if row.extensions.filter(given=True).exists():
            return _not_so(row, "extended_before", "A call is extended once.")
        if row.extensions.filter(given__isnull=True).exists():
            return _not_so(row, "one_waits", "An extension waits for its second person already.")
        CallExtension.objects.create(call=row, due_at=due_at, reason=note, asked_by=person, asked_at=now)
        return None

    return _do(call, person, "ask_extension", deed, note=note, now=now, due_at=due_at)


def decide_extension(call: MarginCall, person: User, *, give: bool, note: str, now: datetime) -> Answer:
    """By somebody else than who asked for it."""

    def deed(row: MarginCall) -> Refusal | None:
        waiting = row.extensions.select_for_update().filter(given__isnull=True).first()
        if waiting is None:
            return _not_so(row, "none_waits", "No extension waits for a second person.")
        if give and waiting.asked_by_id == person.pk:
            return Refusal("person", "second_person", str(person), "Who asks for more time does not give it.")
        if give and waiting.due_at <= now:
            over = f"The time asked for is over since {_told(waiting.due_at)}."
            return Refusal("due_at", "range", waiting.due_at.isoformat(), over)
        waiting.given, waiting.decided_by, waiting.decided_at = give, person, now
        waiting.save(update_fields=["given", "decided_by", "decided_at"])
        if give:
            row.due_at, row.state = waiting.due_at, State.ISSUED
        return None

    verb = "give_extension" if give else "refuse_extension"
    return _do(call, person, verb, deed, note=note, now=now, right=Action.APPROVE)


def _do(
    call: MarginCall, person: User, verb: str, deed: Deed, *, note: str, now: datetime,
    due_at: datetime | None = None, right: Action = Action.CALL_MARGIN,
) -> Answer:  # fmt: skip
    """Lock, do, and write down who did it; nothing is half done."""
    if refusal := lacks(person, right, call.desk):
        return refusal
    if doubts := text_doubts("note", note):
        return doubts[0]
    with transaction.atomic():
        row = standing_calls().filter(pk=call.pk).first()
        if row is None:
            stands = MarginCall.objects.get(pk=call.pk)
            return _not_so(stands, "call_closed", f"The call is {stands.get_state_display().lower()}.")
        before = _values(row)
        if refusal := deed(row):
            transaction.set_rollback(True)
            return refusal
        row.save()
        if row.state != State.OVERDUE and no_longer_late([row], now):
            desk = row.desk.code
            transaction.on_commit(lambda: send_alerts_changed(desk))
        CallEvent.objects.create(
            call=row,
            at=now,
            deed=verb,
            person=person,
            amount=row.amount,
            due_at=due_at or row.due_at,
            note=note,
        )
        record(
            actor=person, action=f"call.{verb}", subject=f"call:{row.pk}", desk=row.desk, before=before,
            after=_values(row), reason=note,
        )  # fmt: skip
        want_cycle([row.client.shard_id], "calls")
    return row


def _values(row: MarginCall) -> dict[str, object]:
    names = ("state", "amount", "due_at", "delivered_at", "acknowledged_at", "disputed")
    return {"account": row.sub_account.code} | {name: getattr(row, name) for name in names}


def _not_so(row: MarginCall, rule: str, message: str) -> Refusal:
    return Refusal("call", rule, row.state, message)


def _told(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
