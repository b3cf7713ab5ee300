"""Revisions: the order in which facts were committed.

A revision is taken inside the writing transaction by updating the shard's one row, so the row lock makes
revision order equal to commit order: whoever reads revision N has seen every fact below it.
"""

from collections.abc import Iterable

from django.db import connection, transaction

from accounts.models import HOUSE, Shard

TAKE = "UPDATE accounts_shard SET revision = revision + 1 WHERE number = %s RETURNING revision"


def take_revision(shard_number: int) -> int:
    """The next revision of a shard. Holds the shard's row until the transaction ends."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a revision is taken inside the transaction that writes the fact")
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [shard_number])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no shard {shard_number}")
    return int(row[0])


def take_revisions(shard_numbers: Iterable[int]) -> dict[int, int]:
    """One revision for each shard named, always locked in ascending order so that writers never deadlock."""
    return {number: take_revision(number) for number in sorted(set(shard_numbers))}


def take_house_revision() -> int:
    """The next revision of the house-wide facts: rules, roles, instruments."""
    return take_revision(HOUSE)


def hold_house_revision() -> None:
    """Keep everybody else from changing house-wide facts until the transaction ends."""
    Shard.objects.select_for_update().get(number=HOUSE)
