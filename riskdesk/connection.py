"""One PostgreSQL URL as Django's description of a connection.

Takes postgresql://user:password@host:port/name with any option libpq knows (sslmode, sslrootcert …);
gives the dictionary for DATABASES. Never shows the URL: it holds a password.
"""

import re
from typing import Any

from riskdesk.reader import BadEnvironment

DEFAULT_NAME = "riskdesk"
# A server that vanished without a word is noticed in about 20 s, not after the kernel's two hours.
OPTIONS = {
    "application_name": "riskdesk",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
SAFE_REASON = re.compile(r"invalid URI query parameter: \"[a-z_]+\"")


def describe(url: str, *, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """An empty URL gives a description that connects nowhere: riskdesk.checks says what is missing."""
    known = parse(url, variable=variable)
    named = {key: str(known.pop(key, "")) for key in ("host", "port", "dbname", "user", "password")}
    return {
        "ENGINE": "riskdesk.postgres",
        "HOST": named["host"],
        "PORT": named["port"],
        "NAME": named["dbname"] or DEFAULT_NAME,
        "USER": named["user"],
        "PASSWORD": named["password"],
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**OPTIONS, **known},
    }


def parse(url: str, *, variable: str) -> dict[str, Any]:
    """libpq's own reading of the URL, so that it means here what it means to psql."""
    if not url:
        return {}
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return dict(conninfo_to_dict(url))
    except ProgrammingError as error:
        reason = SAFE_REASON.search(str(error))  # other messages quote pieces of the URL
        said = f": {reason[0]}" if reason else ""
        raise BadEnvironment(f"{variable} is not a URL PostgreSQL understands{said}.") from error
