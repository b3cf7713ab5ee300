"""What the past looked like: nouns out of their history, balances out of the ledger, prices out of runs.

Takes a run, or a shard and one of its revisions; gives what held then. Leaves nothing behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
from django.apps import apps
from django.db import connection, models, transaction
from psycopg import sql

from accounts.models import Asset, Client, Desk, SubAccount
from margin.book.facts import Revisions
from margin.book.frame import ShownPrice
from margin.book.marks import Pinned, from_shown
from margin.engine.rational import Fraction
from margin.models import (
    Calendar,
    Instrument,
    InstrumentSource,
    Loading,
    RatePath,
    RiskFactor,
    Run,
    Source,
    Venue,
)
from riskdesk.errors import sure

NOUNS: tuple[type[models.Model], ...] = (
    *(Asset, Desk, Client, SubAccount),
    *(Calendar, Instrument, InstrumentSource, Loading, RatePath, RiskFactor, Source, Venue),
)
AS_IT_WAS = """
    CREATE TEMPORARY VIEW {table} AS SELECT {columns} FROM (
        SELECT DISTINCT ON (id) * FROM public.{events} WHERE pgh_created_at <= {at} ORDER BY id, pgh_id DESC
    ) AS known WHERE pgh_label <> 'delete'
"""
SUMS = """
    SELECT p.sub_account_id, p.key, a.code, SUM(m.amount)
    FROM (
        SELECT credit_id AS pocket_id, asset_id, amount FROM accounts_transfer
            WHERE credit_revision <= %(revision)s
        UNION ALL
        SELECT debit_id, asset_id, -amount FROM accounts_transfer WHERE debit_revision <= %(revision)s
    ) m
    JOIN accounts_pocket p ON p.id = m.pocket_id AND p.kind = 'client'
    JOIN accounts_subaccount s ON s.id = p.sub_account_id
    JOIN accounts_client c ON c.id = s.client_id AND c.shard_id = %(shard)s
        AND (%(client)s::bigint IS NULL OR c.id = %(client)s)
    JOIN accounts_asset a ON a.id = m.asset_id
    GROUP BY p.sub_account_id, p.key, a.code ORDER BY 1, 2, 3
"""


@contextmanager
def nouns_at(instant: datetime) -> Iterator[None]:
    """Inside, every query sees the nouns as they were, and nothing can be written.

    Temporary views stand before the tables of the same names, so the code that loads the present loads the
    past. They are gone with the block's transaction, which is always rolled back.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            for noun in NOUNS:
                cursor.execute(_view(noun, instant))
        yield
        transaction.set_rollback(True)


def _view(noun: type[models.Model], instant: datetime) -> sql.Composed:
    events = apps.get_model(noun._meta.app_label, f"{noun.__name__}Event")
    columns = [sql.Identifier(str(field.column)) for field in noun._meta.concrete_fields]
    return sql.SQL(AS_IT_WAS).format(
        table=sql.Identifier(noun._meta.db_table),
        columns=sql.SQL(", ").join(columns),
        events=sql.Identifier(events._meta.db_table),
        at=sql.Literal(instant),
    )


def balances_at(
    shard: int, revision: int, *, client: int | None = None
) -> Iterator[tuple[int, str, str, Fraction]]:
    """(sub-account, pocket key, asset, amount) at a revision: transfers whose side here is not above it."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"shard": shard, "revision": revision, "client": client})
        for account_id, key, asset, amount in cursor.fetchall():
            yield account_id, key, asset, Fraction(amount)


def reached_by(run: Run) -> Revisions:
    """The revisions that a committed run read."""
    shard = sure(run.shard_revision, "a committed run has read its shard")
    house = sure(run.house_revision, "a committed run has read the house")
    return Revisions(shard, house, run.read_at or run.committed_at)


def pinned_of(run: Run) -> dict[str, Pinned]:
    """The marks that a run pinned, with state, source, time and guard band."""
    return {code: from_shown(mark) for code, mark in msgspec.convert(run.prices, Marks).items()}


Marks = dict[str, ShownPrice]
