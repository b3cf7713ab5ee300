"""The two database roles and their limits, and the database itself.

`riskdesk_owner` owns the database and its tables and runs migrations; `riskdesk` is the application: it
reads and writes rows and can define nothing. What the owner creates is usable by the application through
default privileges, in every database made later too (they are set in template1). Idempotent.
"""

import hashlib
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from riskdesk.stack.places import Places
from riskdesk.stack.ports import LOOPBACK
from riskdesk.stack.postgres import SUPERUSER, SUPERUSER_FILE
from riskdesk.stack.trouble import Trouble

DATABASE = "riskdesk"
OWNER, OWNER_FILE = "riskdesk_owner", "database_owner"
APPLICATION, APPLICATION_FILE = "riskdesk", "database_application"

# A stuck application session must never hold locks or hold back vacuum; a migration may take its time,
# but not queue behind a lock while everybody queues behind it.
APPLICATION_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}
OWNER_LIMITS = {"lock_timeout": "10s"}
# Around a throw-away cluster run tests, which empty its tables between them without waking any trigger.
FOR_TESTS: LiteralString = "GRANT SET ON PARAMETER session_replication_role TO riskdesk_owner"

IN_EVERY_DATABASE: tuple[LiteralString, ...] = (
    "GRANT USAGE ON SCHEMA public TO riskdesk",
    "GRANT CREATE ON SCHEMA public TO riskdesk_owner",
    "ALTER DEFAULT PRIVILEGES FOR ROLE riskdesk_owner "
    "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO riskdesk",
    "ALTER DEFAULT PRIVILEGES FOR ROLE riskdesk_owner GRANT USAGE, SELECT ON SEQUENCES TO riskdesk",
)


def database_url(places: Places, *, role: str, secret: str, port: int, database: str = DATABASE) -> str:
    return f"postgresql://{role}:{places.secret(secret)}@{LOOPBACK}:{port}/{database}"


def application_url(places: Places, *, port: int) -> str:
    return database_url(places, role=APPLICATION, secret=APPLICATION_FILE, port=port)


def owner_url(places: Places, *, port: int) -> str:
    return database_url(places, role=OWNER, secret=OWNER_FILE, port=port)


def make_roles(places: Places, *, port: int, may_create_databases: bool) -> None:
    """Make roles, limits, privileges and the database, unless this very text was applied before."""
    stamp = places.services / "roles.applied"
    version = _version(may_create_databases=may_create_databases)
    if stamp.exists() and stamp.read_text() == version:
        return
    with _superuser(places, port=port, database="template1") as connection:
        _make_role(connection, OWNER, places.secret(OWNER_FILE), OWNER_LIMITS, creates=may_create_databases)
        _make_role(
            connection, APPLICATION, places.secret(APPLICATION_FILE), APPLICATION_LIMITS, creates=False
        )
        for statement in (*IN_EVERY_DATABASE, *((FOR_TESTS,) if may_create_databases else ())):
            connection.execute(statement)
    with _superuser(places, port=port, database="postgres") as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
    with _superuser(places, port=port, database=DATABASE) as connection:
        for statement in IN_EVERY_DATABASE:
            connection.execute(statement)
    stamp.write_text(version)


def _superuser(places: Places, *, port: int, database: str) -> psycopg.Connection:
    url = database_url(places, role=SUPERUSER, secret=SUPERUSER_FILE, port=port, database=database)
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise Trouble(
            f"The database in {places.services} does not accept the passwords in {places.secrets}: "
            "put back the secrets that were kept with it, or choose another DATA_DIR."
        ) from error


def _make_role(
    connection: psycopg.Connection, name: str, password: str, limits: dict[str, str], *, creates: bool
) -> None:
    role = sql.Identifier(name)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
    rights = sql.SQL("CREATEDB" if creates else "NOCREATEDB")
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(role, rights, password)
    )
    for setting, value in limits.items():
        connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(setting), value))


def _version(*, may_create_databases: bool) -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest() + str(may_create_databases)
