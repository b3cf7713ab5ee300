"""One consistent view of the database, for as long as a block lasts.

Takes nothing; gives the revisions that were committed when the view was taken. Everything read inside agrees
with them. Writes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from accounts.models import HOUSE, Shard
from margin.book.facts import Revisions


@contextmanager
def snapshot(shard: int) -> Iterator[Revisions]:
    """REPEATABLE READ, read only. It must begin its own transaction: an outer one has its own, older view."""
    if connection.in_atomic_block:
        raise RuntimeError("a snapshot begins its own transaction")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        numbers = dict(Shard.objects.filter(number__in=(HOUSE, shard)).values_list("number", "revision"))
        if shard not in numbers:
            raise LookupError(f"there is no shard {shard}")
        yield Revisions(numbers[shard], numbers[HOUSE])
