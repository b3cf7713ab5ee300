"""Margin calls, beside the breaches: who lacks what, by when, and what came of it.

Takes the figures of a run, inside its transaction; gives what was told. The engine decides each step
(`margin.engine.call`); this books the deposits that came in, writes the steps in bulk with one event each,
and puts letters and alerts into the outbox. Nothing is asked for or met on an unknown figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet

from margin.book.facts import Revisions
from margin.engine.call import Call, Deed, Kind, Need, Standing, Step, decide, need
from margin.engine.figures import Level
from margin.engine.rational import Fraction
from margin.engine.shown import up
from margin.engine.types import Account
from margin.flow.alert import Told, raise_alerts
from margin.flow.call_cure import cure_of
from margin.flow.call_payments import book_payments
from margin.flow.call_words import basis_of, overdue
from margin.flow.recompute import Computed, Measured
from margin.models import Alert, CallEvent, Delivery, MarginCall, Run
from margin.notify.alerts import resolve
from margin.notify.call_letter import write_call_letters
from riskdesk.errors import sure

State = MarginCall.State
CALLED = (Level.MARGIN_CALL, Level.LIQUIDATION)
UNMEASURED = Need(unknown=True, at_target=False, recovered=False)
TOLD_TO_CLIENT = (Deed.ISSUE, Deed.RAISE)
QUIET = (Deed.NOTHING, Deed.AMEND)
CHANGED = (
    *("kind", "state", "amount", "basis", "issued_at", "due_at", "cure", "closed_at"),
    *("house_revision", "shard_revision"),
)


def keep_calls(computed: Computed, *, run: Run, now: datetime) -> Told:
    """One step for every account that is called, or on which a call stands."""
    live = {row.sub_account_id: row for row in standing_calls().filter(client__shard=computed.book.shard)}
    owed = [row for row in live.values() if row.state in MarginCall.OWED]
    note_delivered(owed)
    book_payments(owed, computed, now)
    keeper = Keeper(computed, run, now)
    facts = computed.book.rules.accounts
    concerned = computed.at_levels(CALLED) | (live.keys() & facts.keys())
    for account_id in sorted(concerned, key=lambda number: facts[number].code):
        keeper.keep(computed.accounts[account_id], live.get(account_id))
    return keeper.write()


def standing_calls() -> "QuerySet[MarginCall]":
    """Locked, in one order: a person may be issuing or cancelling one of them now."""
    rows = MarginCall.objects.filter(state__in=MarginCall.LIVE).order_by("pk")
    return rows.select_for_update(of=("self",)).select_related("desk", "client", "sub_account__base_currency")


def note_delivered(owed: list[MarginCall]) -> None:
    """When the first letter of a call was taken by its carrier."""
    waiting = {row.pk: row for row in owed if row.delivered_at is None}
    sent = Delivery.objects.filter(call__in=waiting, state=Delivery.State.SENT).order_by("-sent_at")
    for call_id, sent_at in sent.values_list("call", "sent_at"):
        waiting[sure(call_id, "it was asked for by its call")].delivered_at = sent_at
    MarginCall.objects.bulk_update([row for row in waiting.values() if row.delivered_at], ["delivered_at"])


def as_the_engine_sees(row: MarginCall) -> Call:
    amount, paid = Fraction(row.amount), Fraction(row.paid)
    return Call(Standing(row.state), amount, paid, row.drafted_at, row.due_at, Kind(row.kind))


def issue_row(row: MarginCall, time: timedelta, reached: Revisions, now: datetime) -> None:
    """From here on the client owes it; what it rests on is named, so that its cure can be."""
    row.state, row.issued_at, row.due_at = State.ISSUED, now, now + time
    row.house_revision, row.shard_revision = reached.house, reached.shard


def no_longer_late(calls: Sequence[MarginCall], now: datetime) -> int:
    """Resolve what was said of their lateness: one call stands per account."""
    accounts = [row.sub_account_id for row in calls]
    late = Alert.objects.filter(reason=Alert.Reason.CALL_OVERDUE, sub_account__in=accounts)
    return resolve(late, now) if accounts else 0


@dataclass(slots=True)
class Keeper:
    """Collects what a run does with calls, and writes it."""

    computed: Computed
    run: Run
    now: datetime
    done: list[tuple[MarginCall, Step]] = field(default_factory=list)

    def keep(self, measured: Measured, row: MarginCall | None) -> None:
        account = self.computed.book.account(measured.fact.id)
        desk, lacks = self.computed.book.rules.desk_of(measured.fact), UNMEASURED
        if isinstance(account, Account):
            lacks = need(account, measured.figures, desk.policy, desk.calls)
        step = decide(as_the_engine_sees(row) if row else None, lacks, self.now, desk.calls)
        if step.deed is Deed.NOTHING:
            return
        row = row or self._drafted(measured)
        row.amount = up(step.amount, self.computed.book.rules.scales[measured.fact.base])
        if lacks.called:
            row.kind, row.basis = lacks.kind, basis_of(lacks, account)
        self._apply(row, step, lacks, measured)
        self.done.append((row, step))

    def _drafted(self, measured: Measured) -> MarginCall:
        fact = measured.fact
        return MarginCall(
            desk_id=self.computed.book.rules.desk_of(fact).id,
            client_id=fact.client_id,
            sub_account_id=fact.id,
            state=State.DRAFT,
            drafted_by=self.run,
            drafted_at=self.now,
        )

    def _apply(self, row: MarginCall, step: Step, lacks: Need, measured: Measured) -> None:
        terms = self.computed.book.rules.desk_of(measured.fact).calls
        match step.deed:
            case Deed.ISSUE:
                issue_row(row, terms.time_for(lacks.kind), self.computed.book.reached, self.now)
            case Deed.RAISE if lacks.kind is Kind.URGENT:
                row.due_at = min(sure(row.due_at, "what is owed is due"), self.now + terms.urgent)
            case Deed.FALL_DUE:
                row.state = State.OVERDUE
            case Deed.MEET:
                row.state, row.closed_at = State.MET, self.now
                row.cure = cure_of(row, step, self.computed.book.account(measured.fact.id))
            case Deed.CANCEL:
                row.state, row.closed_at = State.CANCELLED, self.now

    def write(self) -> Told:
        """Rows, their history, and who is told."""
        rows = [row for row, _ in self.done]
        MarginCall.objects.bulk_update([row for row in rows if row.pk is not None], CHANGED)
        MarginCall.objects.bulk_create([row for row in rows if row.pk is None])
        CallEvent.objects.bulk_create([self._event(*one) for one in self.done if one[1].deed not in QUIET])
        told = [row for row, step in self.done if step.deed in TOLD_TO_CLIENT]
        letters = write_call_letters(told, self.now, run_id=str(self.run.pk))
        Delivery.objects.bulk_create(letters)
        late = [overdue(row, self.run, self.now) for row, step in self.done if step.deed is Deed.FALL_DUE]
        resolved = no_longer_late([row for row, step in self.done if step.deed is Deed.MEET], self.now)
        return raise_alerts(late, self.now) + Told(resolved=resolved, letters=len(letters))

    def _event(self, row: MarginCall, step: Step) -> CallEvent:
        return CallEvent(
            call=row, at=self.now, deed=step.deed, because=step.because, run=self.run,
            amount=row.amount, due_at=row.due_at,
        )  # fmt: skip
