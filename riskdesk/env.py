"""The environment: every variable the desk knows, read once.

Takes the process's variables, or for any secret NAME the file that NAME_FILE points at. Gives one frozen
`Environment`. Never guesses: nonsense in a variable stops the start with a sentence that names it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from riskdesk.connection import parse
from riskdesk.reader import BadEnvironment, Reader
from riskdesk.stack.found import find_running

__all__ = ["BadEnvironment", "Environment", "read_environment"]

SAMPLE_SECRET = "development-only-secret-that-production-refuses"  # noqa: S105 - refused in production
OUR_PREFIX = "RISKDESK_"
OF_THE_LAUNCHER = {"RISKDESK_HEARTBEAT", "RISKDESK_FAMILY"}  # it sets them for its own children


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    mode: Literal["development", "production"]
    debug: bool
    demo: bool
    demo_quiet_seconds: int
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    audit_key: str = field(repr=False)
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    data_dir: Path
    host: str
    port: int
    gate_port: int
    gate_host: str
    gate_shards: tuple[int, ...]
    gate_reserved_seconds: int
    base_url: str
    allowed_hosts: tuple[str, ...]
    trusted_proxies: int
    shards: int
    email_host: str
    email_port: int
    email_user: str
    email_password: str = field(repr=False)
    email_tls: bool
    mail_from: str
    mail_domains: tuple[str, ...]
    log_level: str
    log_format: Literal["json", "console"]

    @property
    def production(self) -> bool:
        return self.mode == "production"


def _surroundings() -> Mapping[str, str]:
    """The process's variables; what they leave out comes from the desk running on the data folder."""
    found = find_running(Path(os.environ.get("DATA_DIR", ".data")))
    unset = {name: value for name, value in found.items() if f"{name}_FILE" not in os.environ}
    return {**unset, **{name: value for name, value in os.environ.items() if value}}


def read_environment(source: Mapping[str, str] | None = None) -> Environment:
    """Read and check every variable the desk knows."""
    return read(Reader(_surroundings() if source is None else source))


def read(reader: Reader) -> Environment:
    """One variable a line, in the order of `Environment`, so that the two are read side by side."""
    mode = reader.one_of("RISKDESK_ENV", "development", ("development", "production"))
    development = mode == "development"
    port = reader.number("PORT", 8000, least=1, most=65535)
    host = reader.text("HOST", "127.0.0.1")
    base_url = reader.address("BASE_URL", f"http://{_bracketed(host)}:{port}" if development else "")
    database_url = reader.server("DATABASE_URL", ("postgres", "postgresql"))
    found = Environment(
        mode="development" if development else "production",
        debug=reader.yes("DEBUG", default=False),
        demo=reader.yes("DEMO", default=development),
        demo_quiet_seconds=reader.number("DEMO_QUIET_SECONDS", 120, least=0, most=86400),
        secret_key=reader.secret("SECRET_KEY", SAMPLE_SECRET if development else ""),
        secret_key_fallbacks=reader.secret_words("SECRET_KEY_FALLBACKS"),
        audit_key=reader.secret("AUDIT_KEY"),
        database_url=database_url,
        database_owner_url=reader.server("DATABASE_OWNER_URL", ("postgres", "postgresql"), database_url),
        redis_url=reader.server("REDIS_URL", ("redis", "rediss", "unix")),
        data_dir=Path(reader.text("DATA_DIR", ".data")).absolute(),
        host=host,
        port=port,
        gate_port=reader.number("GATE_PORT", 8001, least=1, most=65535),
        gate_host=reader.text("GATE_HOST", host),
        gate_shards=reader.numbers("GATE_SHARDS", least=1, most=64),
        gate_reserved_seconds=reader.number("GATE_RESERVED_SECONDS", 86_400, least=1, most=31_536_000),
        base_url=base_url,
        allowed_hosts=reader.words("ALLOWED_HOSTS", _own_hosts(base_url, development=development)),
        trusted_proxies=reader.number("TRUSTED_PROXIES", 0, least=0, most=9),
        shards=reader.number("SHARDS", 1, least=1, most=64),
        email_host=reader.text("EMAIL_HOST", "127.0.0.1"),
        email_port=reader.number("EMAIL_PORT", 8025 if development else 587, least=1, most=65535),
        email_user=reader.text("EMAIL_USER"),
        email_password=reader.secret("EMAIL_PASSWORD"),
        email_tls=reader.yes("EMAIL_TLS", default=not development),
        mail_from=reader.sender("MAIL_FROM", "Riskdesk <desk@riskdesk.example>"),
        mail_domains=reader.words("MAIL_DOMAINS"),
        log_level=reader.one_of("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format="console"
        if reader.one_of("LOG_FORMAT", "json", ("json", "console")) == "console"
        else "json",
    )
    _refuse_what_cannot_be_together(found, reader)
    return found


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _own_hosts(base_url: str, *, development: bool) -> str:
    own = urlsplit(base_url).hostname or ""
    return f"127.0.0.1,localhost,[::1],{own}" if development else own


def _refuse_what_cannot_be_together(found: Environment, reader: Reader) -> None:
    if found.port == found.gate_port:
        raise BadEnvironment(f"PORT and GATE_PORT are both {found.port}: the gate needs a port of its own.")
    for name, url in (("DATABASE_URL", found.database_url), ("DATABASE_OWNER_URL", found.database_owner_url)):
        parse(url, variable=name)
    for name in reader.source:
        if name.startswith(OUR_PREFIX) and name not in {*reader.names, *OF_THE_LAUNCHER}:
            raise BadEnvironment(f"{name} is not a variable of the desk (see docs/reference/settings.md).")
