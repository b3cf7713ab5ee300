"""A change of control written down: its revision, its record, and the wish that a run shows it.

Takes a restriction inside the transaction that imposes or ends it. The gates hear of the revision by
themselves: nothing here needs a worker, and nothing waits for a run. Decides nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts.audit import record
from accounts.models import Proposal, User
from margin.flow.wanted import want_cycle
from margin.models import ControlChange, Restriction, Run
from riskdesk.errors import sure
from riskdesk.locks import CONTROL

Deed = ControlChange.Deed
NEXT = """
    INSERT INTO margin_controlchange (revision, at, deed, restriction_id, person_id, note)
    SELECT coalesce(max(revision), 0) + 1, clock_timestamp(), %s, %s, %s, %s FROM margin_controlchange
    RETURNING revision
"""


@dataclass(frozen=True, slots=True)
class Author:
    """A person; or a rule with the run that applied it."""

    person: User | None = None
    rule: str = ""
    run: Run | None = None


def begin(row: Restriction, *, author: Author) -> None:
    row.save(force_insert=True)
    _written(row, Deed.IMPOSE, author, reason=row.reason, before=None)


def end(
    row: Restriction, *, author: Author, reason: str, now: datetime, proposal: Proposal | None = None
) -> None:
    """Of a row that is locked and not lifted yet."""
    before = values_of(row)
    row.lifted_at, row.lifted_by, row.lift_reason, row.proposal = now, author.person, reason, proposal
    row.save(update_fields=["lifted_at", "lifted_by", "lift_reason", "proposal"])
    _written(row, Deed.LIFT, author, reason=reason, before=before)


def take_control_revision(deed: str, row: Restriction | None, person: User | None, note: str = "") -> int:
    """Whoever holds the lock commits first, so the order of revisions is that of commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CONTROL])
        cursor.execute(NEXT, [deed, row.pk if row else None, person.pk if person else None, note])
        return int(sure(cursor.fetchone(), "a revision was taken")[0])


def values_of(row: Restriction) -> dict[str, object]:
    names = ("scope", "state", "reason", "imposed_at", "expires_at", "lifted_at", "lift_reason")
    return {"on": row.whom} | {name: getattr(row, name) for name in names}


def _written(
    row: Restriction, deed: str, author: Author, *, reason: str, before: dict[str, object] | None
) -> None:
    take_control_revision(deed, row, author.person, reason)
    record(
        actor=author.person or f"rule:{author.rule}", action=f"control.{deed}",
        subject=f"restriction:{row.pk}", desk=row.desk, before=before, after=values_of(row), reason=reason,
    )  # fmt: skip
    if author.run is None:
        transaction.on_commit(lambda: _show(row), robust=True)  # a run shows its own


def _show(row: Restriction) -> None:
    """A run writes it into the figures' rows: after the commit, for nobody waits for that."""
    client = row.client or (row.sub_account.client if row.sub_account else None)
    with transaction.atomic():
        want_cycle(None if client is None else [client.shard_id], "control")
