"""Whoever changes the record of deeds behind the desk's back is found, and the row is named."""

import json
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts import checkpoints
from accounts.audit import record
from accounts.models import AuditEvent, AuditSeal, AuditUnsealed
from accounts.seals import canonical, seal_committed, sealable
from accounts.verify import verify
from riskdesk import clock
from tests import factories

TAMPERED = ("accounts_auditevent", "accounts_auditseal")


def deeds(count: int = 5) -> list[AuditEvent]:
    return [
        record(
            actor="test",
            action="limit.approved",
            subject=f"limit:{n}",
            before={"value": "10"},
            after={"value": n / 3, "note": "é"},
            reason="because",
        )
        for n in range(count)
    ]


@pytest.fixture
def sealed(db, django_capture_on_commit_callbacks) -> list[AuditEvent]:
    events = deeds()
    with django_capture_on_commit_callbacks(execute=True):
        assert seal_committed() == len(events)
    return events


def behind_its_back(statement: str, *values: object) -> None:
    """As somebody who owns the database would: without the triggers that refuse it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TAMPERED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TAMPERED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def forget(*events: AuditEvent) -> None:
    keys = [event.pk for event in events]
    behind_its_back("DELETE FROM accounts_auditseal WHERE event_id = ANY(%s)", keys)
    behind_its_back("DELETE FROM accounts_auditevent WHERE id = ANY(%s)", keys)


def test_an_untouched_chain_holds(sealed: list[AuditEvent]):
    found = verify()
    assert (found.bad, found.sealed, found.waiting, found.checkpoints) == ("", 5, 0, 1)
    assert not AuditUnsealed.objects.exists()
    assert seal_committed() == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "becausf"),
        ("actor_name", "tesu"),
        ("subject", "limit:9"),
        ("after", '{"note": "é", "value": 0.33333333333333338}'),
        ("action", "limit.rejected"),
        ("request_id", "another"),
        ("run_id", "another"),
        ("before", None),
        ("recorded_at", "2020-01-01T00:00:00Z"),
    ],
)
def test_a_changed_byte_is_found_and_named(sealed: list[AuditEvent], column: str, value: object):
    behind_its_back(f"UPDATE accounts_auditevent SET {column} = %s WHERE id = %s", value, sealed[2].pk)
    assert verify().bad.startswith(f"event {sealed[2].pk} (seal 3) is not what was sealed")


def test_what_no_database_keeps_is_left_out_and_what_only_looks_like_it_stays(db):
    written = {"note": "a\x00b", "said": "c\\u0000d", "both": "\\\x00"}
    event = record(actor="test", action="thing.done", subject="odd", after=written)
    event.refresh_from_db()
    assert event.after == {"note": "ab", "said": "c\\u0000d", "both": "\\"}


def test_no_column_of_a_row_is_left_unsealed(sealed: list[AuditEvent]):
    columns = {column.name for column in AuditEvent._meta.concrete_fields}
    row = sealable(AuditEvent.objects.filter(pk=sealed[0].pk)).get()
    assert json.loads(canonical(row)).keys() == columns


def test_a_deleted_row_is_found_and_named(sealed: list[AuditEvent]):
    forget(sealed[1])
    assert verify().bad == "seal 2 is missing: its row was deleted"


def test_a_row_deleted_and_the_rest_renumbered_is_found(sealed: list[AuditEvent]):
    forget(sealed[1])
    behind_its_back("UPDATE accounts_auditseal SET number = number - 1 WHERE number > 2")
    assert verify().bad.startswith(f"seal 2 (event {sealed[2].pk}) does not follow seal 1")


def test_a_tail_that_was_cut_off_is_missed(sealed: list[AuditEvent]):
    forget(*sealed[3:])
    assert verify().bad.startswith("seal 4 is missing: the checkpoint")
    assert "2 rows were cut off the end" in verify().bad


def test_everything_emptied_is_missed(sealed: list[AuditEvent]):
    forget(*sealed)
    assert verify().bad.startswith("seal 1 is missing: the checkpoint")


def test_a_chain_rewritten_with_the_key_is_found_by_its_checkpoint(sealed: list[AuditEvent]):
    forget(sealed[4])
    record(actor="test", action="thing.done", subject="forged")
    seal_committed()
    assert verify().bad.startswith("seal 5 is not the one that the checkpoint")


def test_a_changed_checkpoint_is_found(sealed: list[AuditEvent]):
    (file,) = checkpoints.folder().glob("*.json")
    file.write_text(file.read_text().replace('"number": 5', '"number": 4'))
    assert verify().bad.startswith(f"the checkpoint {file.name} was changed")
    file.write_text("{")
    assert verify().bad.startswith(f"the checkpoint {file.name} was changed")


def test_a_row_kept_from_being_sealed_is_named(sealed: list[AuditEvent]):
    event = record(actor="test", action="thing.done", subject="hidden")
    AuditUnsealed.objects.filter(event=event).delete()
    assert verify().bad == ""
    with clock.pinned(clock.now() + timedelta(days=366)):
        assert verify().bad == f"event {event.pk} was never sealed and does not wait to be"


def test_the_chain_goes_on_under_a_new_key_while_the_old_one_is_kept(sealed, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the house, long enough to be one"
    deeds(2)
    assert seal_committed() == 2
    assert (verify().bad, verify().sealed) == ("", 7)
    settings.SECRET_KEY_FALLBACKS = []
    assert "the key that sealed it is not among those given" in verify().bad


def test_sealing_goes_on_in_batches_and_a_full_disk_does_not_stop_it(db, tmp_path):
    (tmp_path / "audit").write_text("not a folder")
    deeds(5)
    assert [seal_committed(most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert list(AuditSeal.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_the_checkpoint_is_private(sealed, tmp_path):
    (file,) = (tmp_path / "audit").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_the_command_says_that_it_holds_or_names_the_row(sealed: list[AuditEvent]):
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    assert out.getvalue() == "The audit chain holds: 5 rows sealed, 0 waiting.\n"
    behind_its_back("UPDATE accounts_auditevent SET reason = 'x' WHERE id = %s", sealed[0].pk)
    with pytest.raises(CommandError, match=f"event {sealed[0].pk} "):
        call_command("audit", "verify", stdout=out)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_commits_late_is_sealed_late_and_two_sealers_never_meet():
    factories.shard()
    begun, finish, written = threading.Event(), threading.Event(), []

    def slow_writer() -> None:
        with transaction.atomic():
            written.append(record(actor="slow", action="thing.done", subject="late"))
            begun.set()
            finish.wait(timeout=90)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert begun.wait(timeout=90)
    quick = record(actor="quick", action="thing.done", subject="early")
    assert quick.pk > written[0].pk
    assert seal_committed() == 1
    finish.set()
    writer.join(timeout=90)

    counts: list[int] = []

    def sealer() -> None:
        counts.append(seal_committed())
        connection.close()

    sealers = [threading.Thread(target=sealer) for _ in range(4)]
    for thread in sealers:
        thread.start()
    for thread in sealers:
        thread.join(timeout=90)
    assert sum(counts) == 1
    assert list(AuditSeal.objects.values_list("event__actor_name", flat=True)) == ["quick", "slow"]
    assert verify().bad == ""
