"""`/audit/`: search, differences that can be read, seals that are checked, an export no spreadsheet runs."""

import csv
import io
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from accounts.audit import record
from accounts.models import AuditEvent, AuditSeal, Role
from accounts.seals import seal_committed
from margin.pages.deeds import difference
from margin.pages.sheet import safe
from tests import factories
from tests.conftest import Cast
from tests.pages.rooms import EVIL, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]
TITLE = "limit proposed"


@pytest.fixture
def trail(cast: Cast) -> Cast:
    tiers = [{"floor": "0", "rate": "0.1"}, {"floor": "9", "rate": "0.2"}]
    record(
        actor=cast.ada, action="limit.proposed", subject=f"limit {EVIL}", desk=cast.prime,
        before={"value": "10", "warn": None}, after={"value": "12", "rows": tiers}, reason=f"=why {EVIL}",
    )  # fmt: skip
    record(actor=cast.rita, action="alert.acknowledged", subject="alert:7", desk=cast.prime)
    record(
        actor=cast.otto, action="money.moved", subject="transfer:x", desk=cast.retail, after={"amount": "-5"}
    )
    record(actor="sealer", action="clock.changed", subject="house", after={"name": "ZEDD"})
    return cast


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"alert:7", "limit "}),
        ("?who=RITA", {"alert:7"}),
        ("?action=limit.proposed", {"limit "}),
        ("?subject=alert:", {"alert:7"}),
        ("?since=2040-01-01", set()),
        ("?run=nothing", set()),
    ],
)
def test_the_address_says_which(trail: Cast, query: str, shown: set[str]) -> None:
    found = page(trail.vic, f"/audit/{query}").partition('class="deeds"')[2]
    subjects = ("alert:7", "limit ", "transfer:x", "house")
    assert {word for word in subjects if f'class="subject">{word}' in found} == shown


def test_deeds_of_no_desk_are_for_who_administers_every_desk(trail: Cast) -> None:
    boss = factories.person("boss")
    for desk in (trail.prime, trail.retail):
        factories.grant(boss, desk, Role.ADMINISTRATOR)
    assert 'class="subject">house' in page(boss, "/audit/")
    assert 'class="subject">house' not in page(trail.ada, "/audit/")


def test_a_difference_names_every_value_and_those_that_moved_first() -> None:
    was = {"a": 1, "same": "10", "blank": None, "gone": "x"}
    lines = difference(was, {"a": 2, "same": "10.000", "blank": "", "rows": [{"rate": "0.1"}]})
    assert [(line.name, line.before, line.after) for line in lines] == [
        ("a", "1", "2"), ("rows › 1 › rate", None, "0.1"), ("gone", "x", None), ("same", "10", "10"),
    ]  # fmt: skip
    assert difference(None, None) == []


def test_a_row_that_was_changed_behind_the_desk_says_so(trail: Cast) -> None:
    seal_committed()
    assert "not as sealed" not in page(trail.vic, "/audit/")
    table = AuditEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET reason = 'never' WHERE subject = 'alert:7'")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert page(trail.vic, "/audit/").count("not as sealed") == 1


def test_the_state_of_the_seals_is_said(trail: Cast, book: Path) -> None:
    assert "Nothing is sealed yet" in page(trail.vic, "/audit/")
    seal_committed()
    assert f"Sealed to number {AuditSeal.objects.count()}" in page(trail.vic, "/audit/")


def test_the_export_has_the_same_rows_and_runs_nothing(trail: Cast, client: Client) -> None:
    client.force_login(trail.vic)
    answer = client.get("/audit/csv/?action=limit.proposed")
    assert "attachment" in answer["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["subject"] == f"limit {EVIL}"
    assert row["reason"] == f"'=why {EVIL}"


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("-5.0", "-5.0"), ("-5x", "'-5x"), ("+a", "'+a"), ("@x", "'@x"), ("\tx", "'\tx"),
     (" =x", "' =x"), ("＝x", "'＝x"), (None, ""), (3, "3"), ("1e5", "1e5"), ("plain", "plain")],
)  # fmt: skip
def test_no_cell_begins_like_a_formula(cell: object, written: str) -> None:
    assert safe(cell) == written
