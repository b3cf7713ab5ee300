"""Servers the operator brings: asked once before anything starts, so that a wrong URL is one sentence.

Takes DATABASE_URL and REDIS_URL (or the files named by ..._FILE); gives them back checked. Never prints a
password.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from riskdesk.stack.trouble import Trouble, explain

OLDEST_POSTGRES = 14
CONNECT_SECONDS = 5
OR_BUILT_IN = "or unset it to use the built-in one"


def read_variable(environment: Mapping[str, str], name: str) -> str | None:
    """The variable, or the content of the file its _FILE twin names; blank means unset."""
    if value := environment.get(name, "").strip():
        return value
    if path := environment.get(f"{name}_FILE", "").strip():
        try:
            return Path(path).read_text().strip() or None
        except OSError as error:
            raise explain(error, doing=f"reading {name}_FILE") from error
    return None


def check_database(url: str, *, variable: str) -> None:
    """Connect once, and say in one sentence why that fails."""
    import psycopg

    where = _place(_parsed(url, variable=variable, schemes=("postgres", "postgresql"), example="postgresql"))
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.ProgrammingError as error:
        raise Trouble(f"{variable} is not a URL PostgreSQL understands: {_first_line(error)}.") from error
    except psycopg.OperationalError as error:
        raise Trouble(_why_database(_first_line(error), variable=variable, where=where)) from error
    if version < OLDEST_POSTGRES:
        raise Trouble(
            f"{variable} points at PostgreSQL {version}; Riskdesk needs {OLDEST_POSTGRES} or newer: "
            f"upgrade it, {OR_BUILT_IN}."
        )


def _why_database(said: str, *, variable: str, where: str) -> str:
    if "authentication failed" in said or "no password supplied" in said:
        return f"{variable}: the server at {where} refuses this user or password: correct the URL."
    if "does not exist" in said:
        missing = _after_fatal(said)
        return f"{variable}: the server at {where} answers, but {missing}: create it, or correct the URL."
    if "too many" in said or "remaining connection slots" in said:
        return (
            f"{variable}: the server at {where} has no free connection: raise max_connections or close some."
        )
    if "refused" in said or "timeout" in said or "resolve" in said or "translate host" in said:
        return f"{variable}: no PostgreSQL answers at {where}: start it, correct the URL, {OR_BUILT_IN}."
    return f"{variable}: cannot use the server at {where}: {_after_fatal(said)}."


def check_redis(url: str) -> None:
    """PING once, and say in one sentence why that fails."""
    import redis

    where = _place(_parsed(url, variable="REDIS_URL", schemes=("redis", "rediss", "unix"), example="redis"))
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
        )
        with client:
            client.ping()
    except redis.exceptions.AuthenticationError as error:
        raise Trouble(f"REDIS_URL: the server at {where} refuses this password: correct the URL.") from error
    except redis.exceptions.ResponseError as error:
        raise Trouble(f"REDIS_URL: the server at {where} answers: {error}.") from error
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
        raise Trouble(
            f"REDIS_URL: no Valkey or Redis answers at {where}: start it, correct the URL, {OR_BUILT_IN}."
        ) from error
    except ValueError as error:
        raise Trouble(f"REDIS_URL is not a URL Redis understands: {error}.") from error


def _parsed(url: str, *, variable: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise Trouble(f"{variable} is not a URL: {error}.") from error
    if parts.scheme not in schemes:
        raise Trouble(
            f"{variable} must begin with {example}:// (as in {example}://user:password@host:port/name), not "
            f" '{parts.scheme or 'no scheme'}'."
        )
    return parts


def _place(parts: SplitResult) -> str:
    host = parts.hostname or parts.path or "localhost"
    return f"{host}:{parts.port}" if parts.port else host


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _after_fatal(said: str) -> str:
    return said.rpartition("FATAL:")[2].strip()
