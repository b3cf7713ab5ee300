"""What people impose, lift and test: restrictions, from one account to the whole house.

Takes a person and what it is to be on; gives the row, or the refusals that say why not. Imposing is one
person's deed; lifting what is wide is two people's, by a proposal. Whether the person may is asked
here, whatever the door has asked.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.access import Action, lacks
from accounts.audit import record
from accounts.models import Client, Desk, Proposal, SubAccount, User
from margin.flow.change import Refusals, propose
from margin.flow.controlled import begin, end, take_control_revision
from margin.models import ControlChange, Instrument, Restriction, Venue
from riskdesk.errors import Refusal
from riskdesk.texts import text_doubts

MOST_REASON = 500
RELATED = ("desk", "client", "sub_account__client", "instrument", "venue", "imposed_by", "lifted_by")


@dataclass(frozen=True, slots=True)
class Aim:
    """What a restriction is to be on. `desk` is None for the whole house."""

    scope: str
    desk: Desk | None = None
    client: Client | None = None
    sub_account: SubAccount | None = None
    instrument: Instrument | None = None
    venue: Venue | None = None

    @property
    def row(self) -> Restriction:
        return Restriction(
            scope=self.scope, desk=self.desk, client=self.client, sub_account=self.sub_account,
            instrument=self.instrument, venue=self.venue,
        )  # fmt: skip


def impose(
    aim: Aim, *, state: str, reason: str, expires_at: datetime | None = None, person: User, now: datetime
) -> Restriction | Refusals:
    """From its commit on; the gates apply it within a second."""
    if refusals := _doubts(aim.desk, person, reason, expires_at, now):
        return refusals
    row = aim.row
    row.state, row.reason, row.expires_at, row.imposed_at = state, reason.strip(), expires_at, now
    row.imposed_by = person
    with transaction.atomic():
        begin(row, person=person)
    return row


def lift(row: Restriction, *, person: User, reason: str, now: datetime) -> Restriction | Proposal | Refusals:
    """By one person; of what is wide the proposal that a second person approves."""
    if doubts := _doubts(row.desk, person, reason, None, now):
        return doubts
    if row.is_wide:
        return _propose_lift(row, person, reason, now)
    with transaction.atomic():
        locked = Restriction.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=row.pk)
        if locked.lifted_at is not None:
            return [_lifted_already(locked)]
        end(locked, person=person, reason=reason.strip(), now=now)
    return locked


def _propose_lift(row: Restriction, person: User, reason: str, now: datetime) -> Proposal | Refusals:
    """Asked and put forward under the restriction's lock: of many at once one proposal waits."""
    with transaction.atomic():
        locked = Restriction.objects.select_for_update(of=("self",)).select_related("desk").get(pk=row.pk)
        if locked.lifted_at is not None:
            return [_lifted_already(locked)]
        if lift_waiting(locked) is not None:
            says = "A lift of it waits for its second person already."
            return [Refusal("restriction", "one_waits", str(locked.pk), says)]
        desk = locked.desk
        change = {"id": str(locked.pk), "desk": desk.code if desk else None, "end": True}
        return propose(
            kind=Proposal.Kind.LIFT, change=change, desk=desk, reason=reason, person=person, now=now
        )


def lift_waiting(row: Restriction) -> Proposal | None:
    """The proposal to lift it that waits for a second person."""
    waiting = Proposal.objects.filter(kind=Proposal.Kind.LIFT, state=Proposal.State.PROPOSED)
    return waiting.filter(change__id=str(row.pk)).select_related("proposed_by").first()


def drill(person: User) -> int | Refusals:
    """A revision that imposes nothing: as fast as the gates confirm it they would stop."""
    if refusal := lacks(person, Action.RESTRICT, None):
        return [refusal]
    with transaction.atomic():
        revision = take_control_revision(ControlChange.Deed.DRILL, None, person)
        record(actor=person, action="control.drill", subject=f"control:{revision}")
    return revision


def _lifted_already(row: Restriction) -> Refusal:
    says = f"It was lifted at {row.lifted_at:%Y-%m-%d %H:%M} UTC."
    return Refusal("restriction", "lifted_already", str(row.pk), says)


def _doubts(
    desk: Desk | None, person: User, reason: str, expires_at: datetime | None, now: datetime
) -> Refusals:
    if refusal := lacks(person, Action.RESTRICT, desk):
        return [refusal]
    if not reason.strip():
        return [Refusal("reason", "required", "", "Say why: everybody it concerns reads it.")]
    if expires_at is not None and expires_at <= now:
        return [Refusal("expires_at", "past", expires_at.isoformat(), "That is over already.")]
    return text_doubts("reason", reason, most=MOST_REASON)
