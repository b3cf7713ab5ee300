"""One consistent view of the database, for as long as a block lasts.

Takes nothing; gives the revisions that were committed when the view was taken. Everything read inside agrees
with them. Writes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import DateTimeField, Func

from accounts.models import HOUSE, Shard
from margin.book.facts import Revisions

CLOCK = Func(function="clock_timestamp", output_field=DateTimeField())


@contextmanager
def snapshot(shard: int) -> Iterator[Revisions]:
    """REPEATABLE READ, read only. It must begin its own transaction: an outer one has its own, older view."""
    if connection.in_atomic_block:
        raise RuntimeError("a snapshot begins its own transaction")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        rows = Shard.objects.filter(number__in=(HOUSE, shard)).values_list("number", "revision", CLOCK)
        numbers = {number: revision for number, revision, _ in rows}
        if shard not in numbers:
            raise LookupError(f"there is no shard {shard}")
        yield Revisions(numbers[shard], numbers[HOUSE], read_at=max(seen for _, _, seen in rows))
