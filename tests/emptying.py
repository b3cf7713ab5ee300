"""After a test with real transactions the tables become again what the migrations left, for any test.

Django truncates a hundred tables each time, and makes content types and permissions anew: a third of a
second for a few dozen rows. Here what the migrations left is kept beside the tables; afterwards their rows
are deleted and the kept ones put back, under the same locks as a truncation and, like one, without
triggers. Where the role may not do that (in a database of one's own), Django's way stays.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase
from psycopg.sql import SQL, Identifier

MAY = "SELECT has_parameter_privilege('session_replication_role', 'SET')"
BESIDE = Identifier("kept_for_tests")


@contextmanager
def emptied_by(steps: str) -> Iterator[None]:
    """With no steps, by Django."""

    def empty(case: TransactionTestCase) -> None:
        run(steps)
        ContentType.objects.clear_cache()

    with pytest.MonkeyPatch.context() as patch:
        if steps:
            patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


def keep() -> str:
    """Copy the rows there are beside their tables; gives the statements that bring them back, or none."""
    if not asked(MAY):
        return ""
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = [Identifier(name) for name in sorted(found)]
    full = [name for name in names if asked(SQL("SELECT EXISTS (SELECT FROM {})").format(name).as_string())]
    copies = [SQL("CREATE TABLE {}.{} AS TABLE {}").format(BESIDE, name, name) for name in full]
    fresh = [SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(BESIDE), SQL("CREATE SCHEMA {}").format(BESIDE)]
    run(SQL(";\n").join([*fresh, *copies]).as_string())
    steps = [
        SQL("SET LOCAL session_replication_role = replica"),
        SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(SQL(", ").join(names)),
        *(SQL("DELETE FROM {}").format(name) for name in names),
        *(SQL("INSERT INTO {} TABLE {}.{}").format(name, BESIDE, name) for name in full),
        SQL("UPDATE django_celery_beat_periodictask SET date_changed = now()"),  # from here on they wait
    ]
    return SQL(";\n").join(steps).as_string()


def run(statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statements)


def asked(question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question)
        (answer,) = cursor.fetchone()
        return bool(answer)
