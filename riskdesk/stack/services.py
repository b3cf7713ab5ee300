"""PostgreSQL and Valkey for whoever asks: brought by the environment, else started here.

Takes the environment and places; gives the variables a child needs (DATABASE_URL for the application's
role, DATABASE_OWNER_URL for migrations, REDIS_URL). Ports are remembered in the data folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from riskdesk.stack import postgres, roles, valkey
from riskdesk.stack.brought import check_database, check_redis, read_variable
from riskdesk.stack.places import Places
from riskdesk.stack.ports import remembered_port
from riskdesk.stack.supervisor import Supervisor

READY_SECONDS = 30.0


@dataclass(frozen=True)
class Services:
    variables: Mapping[str, str]
    embedded_database: bool


def bring_up(
    supervisor: Supervisor, places: Places, environment: Mapping[str, str], *, temporary: bool = False
) -> Services:
    """Use what the environment names, start the rest side by side, and wait until all answer."""
    database, redis = read_variable(environment, "DATABASE_URL"), read_variable(environment, "REDIS_URL")
    variables = _brought(environment, database=database, redis=redis)
    valkey_port = None if redis else _start_valkey(supervisor, places)
    if database is None:
        variables |= _start_postgres(supervisor, places, temporary=temporary)
    if valkey_port is not None:
        variables |= _await_valkey(supervisor, places, port=valkey_port)
    return Services(variables, embedded_database=database is None)


def _brought(environment: Mapping[str, str], *, database: str | None, redis: str | None) -> dict[str, str]:
    variables: dict[str, str] = {}
    if database is not None:
        owner = read_variable(environment, "DATABASE_OWNER_URL") or database
        check_database(database, variable="DATABASE_URL")
        if owner != database:
            check_database(owner, variable="DATABASE_OWNER_URL")
        variables |= {"DATABASE_URL": database, "DATABASE_OWNER_URL": owner}
    if redis is not None:
        check_redis(redis)
        variables |= {"REDIS_URL": redis}
    return variables


def _start_valkey(supervisor: Supervisor, places: Places) -> int:
    port = remembered_port(places.data, "valkey")
    supervisor.start(valkey.valkey_part(places, port=port))
    return port


def _await_valkey(supervisor: Supervisor, places: Places, *, port: int) -> dict[str, str]:
    supervisor.wait_until(
        lambda: valkey.valkey_answers(places, port=port), name="valkey", seconds=READY_SECONDS
    )
    return {"REDIS_URL": valkey.valkey_url(places, port=port)}


def _start_postgres(supervisor: Supervisor, places: Places, *, temporary: bool) -> dict[str, str]:
    """Around a throw-away cluster run tests: there the owner makes databases, and works in them."""
    postgres.make_cluster(places)
    port = remembered_port(places.data, "postgres")
    server = supervisor.start(postgres.postgres_part(places, port=port, temporary=temporary))
    supervisor.wait_until(
        lambda: postgres.postgres_accepts(places, server.pid), name="postgres", seconds=READY_SECONDS
    )
    roles.make_roles(places, port=port, may_create_databases=temporary)
    owner, application = roles.owner_url(places, port=port), roles.application_url(places, port=port)
    if temporary:
        return {"DATABASE_URL": owner, "DATABASE_OWNER_URL": owner, "DATABASE_APPLICATION_URL": application}
    return {"DATABASE_URL": application, "DATABASE_OWNER_URL": owner}
