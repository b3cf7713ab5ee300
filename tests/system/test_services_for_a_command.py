"""`python -m riskdesk.stack exec`: services around a command, and nothing afterwards."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tests.system.running import left_over, run_exec

pytestmark = pytest.mark.system

ASK = """
import os, sys, psycopg
with psycopg.connect(os.environ[sys.argv[1]], autocommit=True) as connection:
    for statement in sys.argv[2:]:
        try:
            cursor = connection.execute(statement)
        except psycopg.Error as error:
            print(type(error).__name__)
        else:
            print(*(row[0] for row in cursor) if cursor.description else ["done"])
"""
APPLICATION, OWNER = "DATABASE_URL", "DATABASE_OWNER_URL"


def ask(*statements: str, data: Path, role: str = APPLICATION) -> list[str]:
    """What the database of that data folder answers, a line a statement."""
    ran = run_exec(sys.executable, "-c", ASK, role, *statements, data=data)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split("\n")[:-1]


def test_the_command_finds_both_services_and_its_exit_code_comes_back() -> None:
    ran = run_exec("sh", "-c", 'echo "$DATABASE_URL $REDIS_URL $DATA_DIR"; exit 7')
    database, redis, folder = ran.stdout.split()
    assert ran.returncode == 7
    assert database.startswith("postgresql://riskdesk_owner:")
    assert redis.startswith("redis://:")
    assert not Path(folder).exists()
    assert left_over(Path(folder)) == []


def test_data_is_kept_from_one_start_to_the_next_whatever_the_folder_is_called(open_folder: Path) -> None:
    data = open_folder / """a desk's "own" \\x41 übung"""
    assert ask("CREATE TABLE kept AS SELECT 42 AS n", data=data, role=OWNER) == ["done"]
    assert ask("SELECT n FROM kept", data=data) == ["42"]


def test_the_application_role_writes_rows_and_defines_nothing(data: Path) -> None:
    ask("CREATE TABLE rows (id bigint GENERATED ALWAYS AS IDENTITY, n int)", data=data, role=OWNER)
    answers = ask(
        "INSERT INTO rows (n) VALUES (1)",
        "SELECT count(*) FROM rows",
        "CREATE TABLE mine (n int)",
        "DROP TABLE rows",
        "CREATE ROLE friend",
        "SHOW statement_timeout",
        "SHOW lock_timeout",
        "SHOW idle_in_transaction_session_timeout",
        data=data,
    )
    refused = "InsufficientPrivilege"
    assert answers == ["done", "1", refused, refused, refused, "30s", "2s", "10s"]


def test_the_cluster_is_made_by_our_rules(data: Path) -> None:
    answers = ask(
        "SHOW data_checksums",
        "SHOW password_encryption",
        "SHOW listen_addresses",
        "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()",
        "CREATE DATABASE another",
        data=data,
        role=OWNER,
    )
    assert answers == ["on", "scram-sha-256", "127.0.0.1", "bC.UTF-8", "InsufficientPrivilege"]
    rules = (data / "services" / "cluster" / "pg_hba.conf").read_text().splitlines()[1:]
    assert rules == ["host all all 127.0.0.1/32 scram-sha-256"]


def test_no_socket_file_is_opened(data: Path) -> None:
    ran = run_exec("find", str(data), "/tmp", "-maxdepth", "4", "-name", ".s.PGSQL.*", data=data)
    assert ran.stdout == ""


def test_secrets_and_folders_are_closed_to_others(data: Path) -> None:
    run_exec("true", data=data)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data / "secrets").iterdir()}
    assert len(modes) >= 4
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((data / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "services").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "services" / "cluster").stat().st_mode) == 0o700
    assert stat.S_IMODE(data.stat().st_mode) & 0o066 == 0


def test_valkey_wants_the_password_and_never_evicts() -> None:
    probe = (
        "import os, redis; url = os.environ['REDIS_URL']; client = redis.Redis.from_url(url);"
        "print(client.config_get('maxmemory-policy'), client.config_get('appendonly'));"
        "open_door = redis.Redis(port=client.connection_pool.connection_kwargs['port'])\n"
        "try: open_door.ping()\n"
        "except redis.AuthenticationError: print('closed')"
    )
    ran = run_exec(sys.executable, "-c", probe)
    assert "noeviction" in ran.stdout, ran.stderr
    assert "'appendonly': 'yes'" in ran.stdout
    assert ran.stdout.rstrip().endswith("closed")


def test_an_unknown_command_is_one_sentence() -> None:
    ran = run_exec("no-such-program")
    assert ran.returncode == 1
    assert ran.stderr == "riskdesk: There is no command 'no-such-program' to run.\n"


def test_the_stack_imports_nothing_of_django() -> None:
    loads = "import sys, riskdesk.stack.desk, riskdesk.stack.execute; sys.exit('django' in sys.modules)"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", loads]) == 0
