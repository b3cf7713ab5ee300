"""Movements: transfers to be, and what is wrong with them whatever the balances are.

Takes movements; gives the first refusal, or nothing. Pure but for the rows it is handed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Asset, Desk, Pocket, Transfer
from accounts.models.columns import BEYOND
from riskdesk.errors import Refusal

REFERENCE_CHARACTERS = 120
Place = tuple[int, int]
"""A pocket and an asset, by their keys."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer to be. `may_owe` lets the giving client pocket fall below zero: a debt, such as a loss."""

    reference: str
    debit: Pocket
    credit: Pocket
    asset: Asset
    amount: Decimal
    note: str = ""
    reverses: Transfer | None = None
    may_owe: bool = False


def refused(desk: Desk, movements: Sequence[Movement]) -> Refusal | None:
    if not movements:
        return Refusal("transfers", "empty", "", "There is nothing to post.")
    counts = Counter(movement.reference for movement in movements)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        return Refusal("reference", "twice", twice, f"The reference {twice} is given twice.")
    return next((refusal for movement in movements if (refusal := _refused(desk, movement))), None)


def change_by_place(movements: Sequence[Movement]) -> dict[Place, Decimal]:
    """What the movements together do to each pocket. Over all places it sums to zero, per asset."""
    change: dict[Place, Decimal] = {}
    for movement in movements:
        for pocket, signed in ((movement.debit, -movement.amount), (movement.credit, movement.amount)):
            place = (pocket.pk, movement.asset.pk)
            change[place] = change.get(place, Decimal(0)) + signed
    return change


def client_pockets(movements: Sequence[Movement]) -> set[int]:
    ends = [pocket for movement in movements for pocket in (movement.debit, movement.credit)]
    return {pocket.pk for pocket in ends if pocket.kind == Pocket.Kind.CLIENT}


def decimals_of(amount: Decimal) -> int:
    """Decimals that carry something: 1.50 has one."""
    _, digits, exponent = amount.as_tuple()
    trailing = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -(int(exponent) + trailing))


def _refused(desk: Desk, movement: Movement) -> Refusal | None:
    reference, debit, credit = movement.reference, movement.debit, movement.credit
    if not 0 < len(reference) <= REFERENCE_CHARACTERS or not reference.isprintable():
        said = f"A reference has 1 to {REFERENCE_CHARACTERS} printable characters."
        return Refusal("reference", "shape", reference, said)
    if debit.pk == credit.pk:
        return Refusal("credit", "same_pocket", str(credit), "Money moves between two pockets.")
    if {debit.desk_id, credit.desk_id} != {desk.pk}:
        return Refusal("desk", "other_desk", desk.code, "Both pockets belong to the desk that posts.")
    return _refused_amount(movement.amount, movement.asset) or _refused_reversal(movement)


def _refused_amount(amount: Decimal, asset: Asset) -> Refusal | None:
    if not amount.is_finite() or amount <= 0:
        return Refusal("amount", "positive", str(amount), "An amount is a number above zero.")
    if amount >= BEYOND:
        return Refusal(
            "amount", "too_large", str(amount), "An amount has at most 20 digits before the point."
        )
    if decimals_of(amount) > asset.scale:
        said = f"{asset.code} is kept to {asset.scale} decimals; nothing is rounded."
        return Refusal("amount", "scale", str(amount), said)
    return None


def _refused_reversal(movement: Movement) -> Refusal | None:
    undone = movement.reverses
    if undone is None:
        return None
    if undone.reverses_id is not None:
        return Refusal(
            "reverses", "is_a_reversal", undone.reference, "A reversal is not reversed: post anew."
        )
    mirror = (undone.credit_id, undone.debit_id, undone.asset_id, undone.amount)
    if mirror != (movement.debit.pk, movement.credit.pk, movement.asset.pk, movement.amount):
        return Refusal(
            "reverses", "mirror", undone.reference, "A reversal is the whole transfer, turned round."
        )
    return None
