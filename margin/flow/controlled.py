"""A change of control written down: its revision, its record, and the wish that a run shows it.

Takes restrictions inside the transaction that imposes or ends them. The gates hear of the revision by
themselves: nothing here needs a worker, and nothing waits for a run. Decides nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from accounts.audit import deed, record_all
from accounts.models import AuditEvent, Proposal, User
from margin.flow.wanted import want_cycle
from margin.models import ControlChange, Restriction
from riskdesk.errors import sure
from riskdesk.locks import CONTROL

Deed = ControlChange.Deed
Values = dict[str, object]
NEXT = """
    INSERT INTO margin_controlchange (revision, at, deed, restriction_id, person_id, note)
    SELECT newest.revision + asked.place, clock_timestamp(), %s, asked.restriction, %s, %s
    FROM (SELECT coalesce(max(revision), 0) AS revision FROM margin_controlchange) AS newest,
        unnest(%s::bigint[]) WITH ORDINALITY AS asked (restriction, place)
    ORDER BY asked.place RETURNING revision
"""


def begin(row: Restriction, *, person: User) -> None:
    row.save(force_insert=True)
    record_all([_told(row, Deed.IMPOSE, person, before=None)])
    take_control_revision(Deed.IMPOSE, row, person, row.reason)
    transaction.on_commit(lambda: _show(row), robust=True)


def end(
    row: Restriction, *, person: User | None, reason: str, now: datetime, proposal: Proposal | None = None
) -> None:
    """Of a row that is locked and not lifted yet."""
    before = values_of(row)
    row.lifted_at, row.lifted_by, row.lift_reason, row.proposal = now, person, reason, proposal
    row.save(update_fields=["lifted_at", "lifted_by", "lift_reason", "proposal"])
    record_all([_told(row, Deed.LIFT, person, before=before)])
    take_control_revision(Deed.LIFT, row, person, reason)
    transaction.on_commit(lambda: _show(row), robust=True)


def by_rule(
    *, begun: Sequence[Restriction], ended: Sequence[Restriction], reason: str, now: datetime
) -> None:
    """What a run begins and ends, `reason` being that of the end; it shows it itself.

    As few statements as for one, and people's deeds wait for the last of them alone.
    """
    before = {row.pk: values_of(row) for row in ended}
    Restriction.objects.filter(pk__in=before).update(lifted_at=now, lift_reason=reason)
    for row in ended:
        row.lifted_at, row.lift_reason = now, reason
    Restriction.objects.bulk_create(begun)
    lifts = [_told(row, Deed.LIFT, None, before=before[row.pk]) for row in ended]
    record_all([*lifts, *(_told(row, Deed.IMPOSE, None, before=None) for row in begun)])
    if ended:
        _take_revisions(Deed.LIFT, [row.pk for row in ended], None, reason)
    if begun:
        _take_revisions(Deed.IMPOSE, [row.pk for row in begun], None, begun[0].reason)


def take_control_revision(deed: str, row: Restriction | None, person: User | None, note: str = "") -> int:
    return _take_revisions(deed, [row.pk if row else None], person, note)


def _take_revisions(deed: str, numbers: Sequence[int | None], person: User | None, note: str) -> int:
    """The first of them. Whoever holds the lock commits first: the order of revisions is that of commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CONTROL])
        cursor.execute(NEXT, [deed, person.pk if person else None, note, list(numbers)])
        return int(sure(cursor.fetchone(), "a revision was taken")[0])


def values_of(row: Restriction) -> Values:
    names = ("scope", "state", "reason", "imposed_at", "expires_at", "lifted_at", "lift_reason")
    return {"on": row.whom} | {name: getattr(row, name) for name in names}


def _told(row: Restriction, did: str, person: User | None, *, before: Values | None) -> AuditEvent:
    reason, rule = (row.reason, row.author) if did == Deed.IMPOSE else (row.lift_reason, row.lifter or "")
    return deed(
        actor=person or rule, action=f"control.{did}", subject=f"restriction:{row.pk}", desk=row.desk,
        before=before, after=values_of(row), reason=reason,
    )  # fmt: skip


def _show(row: Restriction) -> None:
    """A run writes it into the figures' rows: after the commit, for nobody waits for that."""
    client = row.client or (row.sub_account.client if row.sub_account else None)
    with transaction.atomic():
        want_cycle(None if client is None else [client.shard_id], "control")
