"""The connection of Django's PostgreSQL backend, taken from a pool that may hold dead ones.

Takes and gives what Django's own does. psycopg's pool, finding a dead connection, waits a second, then two,
then four before it looks at the next: after a restart of the server, when all are dead, that is an error for
everybody. Here the first dead one has the whole pool looked through at once. Without a pool nothing differs.
Instants are read as `instants` says.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error

from riskdesk.postgres.instants import adapters

ADAPTERS = adapters()


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "context": ADAPTERS}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and not _answers(connection):
            self.pool.putconn(connection)
            self.pool.check()
            connection = super().get_new_connection(conn_params)
        return connection


def _answers(connection: Any) -> bool:
    try:
        connection.execute("SELECT")
    except Error:
        return False
    return True
