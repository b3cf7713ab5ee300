"""The database itself keeps what was written, whoever asks."""

import os
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts.audit import record
from accounts.ledger import post
from accounts.models import AuditEvent, HouseBuffer, RoleGrant, Transfer
from accounts.movements import Movement
from accounts.pockets import external_pocket, pocket_for
from margin.models import (
    DeskPolicy,
    HaircutTier,
    HaircutVersion,
    InstrumentBuffer,
    Limit,
    PositionVersion,
    ScheduleVersion,
    Tier,
)
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def transfer() -> Transfer:
    account = factories.sub_account("ACME-1")
    bank, wallet = external_pocket(account.client.desk, "bank"), pocket_for(account)
    movement = Movement("dep", bank, wallet, factories.asset(), Decimal(5))
    home = account.client.desk
    post(desk=home, transfers=[movement], recorded_by=None, valid_at=factories.MONDAY_NOON)
    return Transfer.objects.get()


def event() -> AuditEvent:
    return record(actor="test", action="thing.done", subject="thing")


def tier() -> Tier:
    factories.schedule()
    return Tier.objects.get()


def haircut_tier() -> HaircutTier:
    factories.haircut(factories.asset())
    return HaircutTier.objects.get()


KEPT = [(transfer, "amount"), (event, "action"), (tier, "floor"), (haircut_tier, "floor")]


def versions(desk) -> list[tuple[object, str]]:
    account, instrument = factories.sub_account("ACME-1"), factories.instrument()
    factories.haircut(factories.asset())
    return [
        (RoleGrant.objects.filter(user__username="rita").get(), "role"),
        (factories.buffer(desk, "0.1"), "buffer"),
        (factories.limit(desk, "5"), "value"),
        (factories.position(account, instrument, "1", "10"), "quantity"),
        (ScheduleVersion.objects.get(), "valid_at"),
        (HaircutVersion.objects.get(), "liability_initial_rate"),
        (InstrumentBuffer.objects.create(instrument=instrument, buffer=0, **factories.version()), "buffer"),
        (DeskPolicy.objects.create(desk=desk, **factories.version()), "watch"),
    ]


def refused(deed) -> None:
    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
        deed()


@pytest.mark.parametrize(("make", "column"), KEPT)
def test_a_row_of_the_past_is_neither_changed_nor_deleted(make, column):
    row = make()
    rows = type(row).objects.filter(pk=row.pk)
    refused(lambda: rows.update(**{column: F(column)}))
    refused(lambda: rows._raw_delete("default"))
    assert rows.exists()


def test_a_version_changes_only_by_ending_once(cast: Cast):
    for row, column in versions(cast.prime):
        rows = type(row).objects.filter(pk=row.pk)
        value = {"role": "viewer", "valid_at": row.valid_at.replace(year=2020)}.get(column, Decimal("0.5"))
        refused(lambda rows=rows, column=column, value=value: rows.update(**{column: value}))
        refused(lambda rows=rows: rows._raw_delete("default"))
        refused(
            lambda rows=rows, c=column, v=value: rows.update(revision_to=F("revision_from") + 1, **{c: v})
        )
        rows.update(revision_to=F("revision_from") + 1)
        refused(lambda rows=rows: rows.update(revision_to=F("revision_from") + 2))
        refused(lambda rows=rows: rows.update(revision_to=None))


@pytest.mark.parametrize(
    "model", [Transfer, AuditEvent, RoleGrant, HouseBuffer, PositionVersion, Limit, Tier, HaircutTier]
)
def test_no_table_of_the_past_is_emptied(model):
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER refuse_emptying")
        refused(lambda: cursor.execute(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("table", ["accounts_auditevent", "accounts_auditseal", "accounts_transfer"])
def test_the_applications_role_adds_and_reads_and_may_not_even_ask_to_change(table):
    url = os.environ.get("DATABASE_APPLICATION_URL")
    assert url, "DATABASE_APPLICATION_URL must name the application's role; riskdesk.stack exec sets it"
    with psycopg.connect(url, dbname=connection.settings_dict["NAME"]) as application:
        rights = application.execute(
            "SELECT has_table_privilege(current_user, %s, right_name) "
            "FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS right_name",
            [table],
        ).fetchall()
    assert [right for (right,) in rights] == [True, True, False, False, False]
