"""What a risk worker does before its first cycle, so that the first cycle is as quick as the next.

Takes nothing; pays for imports, compiled code and the database connection. Never computes a figure.
"""

from django.db import connection


def warm_up() -> None:
    from margin import tasks  # noqa: F401 - brings in every step

    connection.ensure_connection()
