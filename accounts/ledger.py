"""The ledger: money moves between two pockets, once, or not at all.

Takes movements that stand or fall together, also inside a transaction of the caller. Gives `Posted`, or a
`Refusal` that names field, rule and value: then nothing was written. Keeps the balance of every client pocket
in the same transaction, under the revision of the client's shard. Never rounds, never changes a row of the
past (the database refuses that too), never decides whether money may leave: that is the caller's rule.

Order of locks: shards ascending (by taking their revisions), then client pockets by id. House and external
pockets have no kept balance, need no lock, and may go below zero.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext

from django.db import IntegrityError, transaction

from accounts.models import Balance, Desk, Pocket, Transfer, User
from accounts.models.columns import BEYOND
from accounts.movements import Movement, Place, change_by_place, client_pockets, refused
from accounts.pockets import shard_of
from accounts.revisions import take_revisions
from riskdesk import clock
from riskdesk.errors import Refusal

EXACT = Context(prec=80, traps=[Inexact, InvalidOperation])
"""Sums of 38-digit numbers; the usual 28 digits would round them without a word."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What stands in the ledger. `again`: it stood there before, and nothing was written now."""

    transaction: uuid.UUID
    transfers: tuple[Transfer, ...]
    balances: Mapping[Place, Decimal]
    again: bool = False


def post(
    *,
    desk: Desk,
    transfers: Sequence[Movement],
    recorded_by: User | None,
    valid_at: datetime,
    transaction_id: uuid.UUID | None = None,
) -> Posted | Refusal:
    """Write all movements, or none. The same references with the same money get the first answer again."""
    if refusal := refused(desk, transfers):
        return refusal
    stamp = {"transaction": transaction_id or uuid.uuid4(), "recorded_by": recorded_by, "valid_at": valid_at}
    with localcontext(EXACT), transaction.atomic():
        answer = _post(desk, transfers, stamp)
        if isinstance(answer, Refusal) or answer.again:
            transaction.set_rollback(True)  # gives back the revisions taken and the locks held
        return answer


def reverse(
    *,
    transfer: Transfer,
    reference: str,
    recorded_by: User | None,
    valid_at: datetime,
    note: str = "",
    may_owe: bool = False,
) -> Posted | Refusal:
    """Undo one transfer by its mirror image. Each can be undone once; an undoing cannot be undone."""
    mirror = Movement(
        reference=reference,
        debit=transfer.credit,
        credit=transfer.debit,
        asset=transfer.asset,
        amount=transfer.amount,
        note=note,
        reverses=transfer,
        may_owe=may_owe,
    )
    return post(desk=transfer.desk, transfers=[mirror], recorded_by=recorded_by, valid_at=valid_at)


def _post(desk: Desk, movements: Sequence[Movement], stamp: Mapping[str, object]) -> Posted | Refusal:
    shards = (shard_of(pocket) for pocket in _pockets(movements).values())
    revisions = take_revisions(shard for shard in shards if shard is not None)
    if before := _posted_before(desk, movements):
        return before
    balances = _lock_balances(movements)
    if refusal := _short(movements, balances):
        return refusal
    try:
        with transaction.atomic():
            rows = _write(desk, movements, stamp, revisions)
    except IntegrityError:  # the same reference from another shard, or a second reversal, won the race
        if answer := _posted_before(desk, movements) or _reversed_before(movements):
            return answer
        raise
    _keep(movements, balances, revisions)
    return Posted(rows[0].transaction, tuple(rows), {place: row.amount for place, row in balances.items()})


# --- what stood there before ---------------------------------------------------------------------------
def _posted_before(desk: Desk, movements: Sequence[Movement]) -> Posted | Refusal | None:
    """The first answer for the same content, a refusal for other content, nothing for new references."""
    asked = {movement.reference: movement for movement in movements}
    found = {row.reference: row for row in Transfer.objects.filter(desk=desk, reference__in=asked)}
    if not found:
        return None
    differs = [reference for reference, row in found.items() if not _same(row, asked[reference])]
    apart = len(found) < len(asked) or len({row.transaction for row in found.values()}) > 1
    if differs or apart:
        used = differs[0] if differs else next(iter(found))
        return Refusal("reference", "reference_used", used, f"{used} already names another transfer.")
    rows = tuple(found[reference] for reference in asked)
    held = Balance.objects.filter(
        pocket__in=client_pockets(movements), asset__in={row.asset_id for row in rows}
    )
    balances = {(row.pocket_id, row.asset_id): row.amount for row in held}
    return Posted(rows[0].transaction, rows, balances, again=True)


def _same(row: Transfer, movement: Movement) -> bool:
    """The money and nothing else: a repeated call may come with another time or note."""
    reverses = movement.reverses.pk if movement.reverses else None
    return (row.debit_id, row.credit_id, row.asset_id, row.amount, row.reverses_id) == (
        movement.debit.pk,
        movement.credit.pk,
        movement.asset.pk,
        movement.amount,
        reverses,
    )


def _reversed_before(movements: Sequence[Movement]) -> Refusal | None:
    undone = {movement.reverses.pk for movement in movements if movement.reverses}
    row = Transfer.objects.filter(reverses__in=undone).select_related("reverses").first()
    if row is None or row.reverses is None:
        return None
    said = f"{row.reverses.reference} was reversed by {row.reference}."
    return Refusal("reverses", "already_reversed", row.reverses.reference, said)


def _pockets(movements: Sequence[Movement]) -> dict[int, Pocket]:
    return {end.pk: end for movement in movements for end in (movement.debit, movement.credit)}


# --- what is written -----------------------------------------------------------------------------------
def _lock_balances(movements: Sequence[Movement]) -> dict[Place, Balance]:
    """The kept balances the movements touch, their pockets locked by id; a missing one begins at zero."""
    mine = client_pockets(movements)
    list(Pocket.objects.select_for_update(no_key=True).filter(pk__in=mine).order_by("pk").values("pk"))
    pockets = _pockets(movements)
    assets = {movement.asset.pk: movement.asset for movement in movements}
    held = {(row.pocket_id, row.asset_id): row for row in Balance.objects.filter(pocket__in=mine)}
    return {
        (pocket, asset): held.get((pocket, asset))
        or Balance(pocket=pockets[pocket], asset=assets[asset], amount=Decimal(0))
        for pocket, asset in sorted(change_by_place(movements))
        if pocket in mine
    }


def _short(movements: Sequence[Movement], balances: Mapping[Place, Balance]) -> Refusal | None:
    """A client pocket that would fall below zero, where no movement out of it was allowed to leave a debt."""
    change = change_by_place(movements)
    debts = {(movement.debit.pk, movement.asset.pk) for movement in movements if movement.may_owe}
    for place, row in balances.items():
        after = row.amount + change[place]
        if abs(after) >= BEYOND:
            return Refusal("amount", "too_large", f"{after:f}", f"{row.pocket} cannot hold that much.")
        if after < 0 and change[place] < 0 and place not in debts:
            wanted = f"{-change[place]:f}"
            said = f"{row.pocket} holds {row.amount:f} {row.asset}: {wanted} cannot leave it."
            return Refusal("amount", "insufficient_balance", wanted, said)
    return None


def _write(
    desk: Desk, movements: Sequence[Movement], stamp: Mapping[str, object], revisions: Mapping[int, int]
) -> list[Transfer]:
    recorded_at = clock.now()
    return Transfer.objects.bulk_create(
        Transfer(
            desk=desk,
            reference=movement.reference,
            debit=movement.debit,
            credit=movement.credit,
            asset=movement.asset,
            amount=movement.amount,
            reverses=movement.reverses,
            note=movement.note,
            recorded_at=recorded_at,
            debit_revision=_revision(movement.debit, revisions),
            credit_revision=_revision(movement.credit, revisions),
            **stamp,
        )
        for movement in movements
    )


def _revision(pocket: Pocket, revisions: Mapping[int, int]) -> int | None:
    shard = shard_of(pocket)
    return None if shard is None else revisions[shard]


def _keep(
    movements: Sequence[Movement], balances: Mapping[Place, Balance], revisions: Mapping[int, int]
) -> None:
    """Bring the kept balances up to the rows just written."""
    change, pockets = change_by_place(movements), _pockets(movements)
    for place, row in balances.items():
        row.amount += change[place]
        if (revision := _revision(pockets[row.pocket_id], revisions)) is not None:
            row.revision = revision
    Balance.objects.bulk_create(
        balances.values(),
        update_conflicts=True,
        unique_fields=["pocket", "asset"],
        update_fields=["amount", "revision"],
    )
