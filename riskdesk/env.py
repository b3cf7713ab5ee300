"""The one reader of the environment.

Takes process variables, or for any secret NAME the file that NAME_FILE points at. Gives one frozen
`Environment`. Never guesses: nonsense in a variable stops the start with a sentence that names it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from riskdesk.stack.found import find_running

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
SAMPLE_SECRET = "development-only-secret-that-production-refuses"  # noqa: S105 - refused in production


class BadEnvironment(Exception):
    """A variable holds something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Environment:
    mode: Literal["development", "production"]
    debug: bool
    demo: bool
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    database_url: str
    database_owner_url: str
    redis_url: str
    data_dir: Path
    host: str
    port: int
    gate_port: int
    base_url: str
    allowed_hosts: tuple[str, ...]
    trusted_proxies: int
    shards: int
    email_host: str
    email_port: int
    email_user: str
    email_password: str
    email_tls: bool
    mail_from: str
    mail_domains: tuple[str, ...]
    log_level: str
    log_format: Literal["json", "console"]

    @property
    def production(self) -> bool:
        return self.mode == "production"


class Reader:
    """Typed look-ups in one mapping; every refusal names variable, value and rule."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self.source = source

    def text(self, name: str, default: str = "") -> str:
        if path := self.source.get(f"{name}_FILE"):
            if name in self.source:
                raise BadEnvironment(f"{name} and {name}_FILE are both set: keep one.")
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise BadEnvironment(f"{name}_FILE={path} cannot be read: {error.strerror}.") from error
        return self.source.get(name, default)

    def yes(self, name: str, *, default: bool) -> bool:
        value = self.source.get(name)
        if value is None:
            return default
        if value.lower() in TRUE:
            return True
        if value.lower() in FALSE:
            return False
        raise BadEnvironment(f"{name}={value!r} is neither yes nor no: use 1 or 0.")

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.source.get(name, str(default))
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise BadEnvironment(f"{name}={value!r} must be a whole number from {least} to {most}.")
        return int(value)

    def one_of(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.source.get(name, default)
        if value not in choices:
            raise BadEnvironment(f"{name}={value!r} must be one of: {', '.join(choices)}.")
        return value

    def words(self, name: str, default: str = "") -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(name, default).split(",") if word.strip())

    def url(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        value = self.text(name, default)
        if value and value.split("://", 1)[0] not in schemes:
            raise BadEnvironment(f"{name} must start with one of: {', '.join(s + '://' for s in schemes)}.")
        return value


def _surroundings() -> Mapping[str, str]:
    """The process's variables; what they leave out comes from the desk running on the data folder."""
    found = find_running(Path(os.environ.get("DATA_DIR", ".data")))
    unset = {name: value for name, value in found.items() if f"{name}_FILE" not in os.environ}
    return {**unset, **os.environ}


def read_environment(source: Mapping[str, str] | None = None) -> Environment:
    """Read and check every variable the desk knows."""
    reader = Reader(_surroundings() if source is None else source)
    mode = reader.one_of("RISKDESK_ENV", "development", ("development", "production"))
    development = mode == "development"
    port = reader.number("PORT", 8000, least=1, most=65535)
    host = reader.text("HOST", "127.0.0.1")
    database_url = reader.url("DATABASE_URL", ("postgres", "postgresql"))
    return Environment(
        mode="development" if development else "production",
        debug=reader.yes("DEBUG", default=False),
        demo=reader.yes("DEMO", default=development),
        secret_key=reader.text("SECRET_KEY", SAMPLE_SECRET if development else ""),
        secret_key_fallbacks=reader.words("SECRET_KEY_FALLBACKS"),
        database_url=database_url,
        database_owner_url=reader.url("DATABASE_OWNER_URL", ("postgres", "postgresql"), database_url),
        redis_url=reader.url("REDIS_URL", ("redis", "rediss", "unix")),
        data_dir=Path(reader.text("DATA_DIR", ".data")).absolute(),
        host=host,
        port=port,
        gate_port=reader.number("GATE_PORT", 8001, least=1, most=65535),
        base_url=reader.url("BASE_URL", ("http", "https"), f"http://{host}:{port}").rstrip("/"),
        allowed_hosts=reader.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if development else ""),
        trusted_proxies=reader.number("TRUSTED_PROXIES", 0, least=0, most=9),
        shards=reader.number("SHARDS", 1, least=1, most=64),
        email_host=reader.text("EMAIL_HOST", "127.0.0.1"),
        email_port=reader.number("EMAIL_PORT", 8025, least=1, most=65535),
        email_user=reader.text("EMAIL_USER"),
        email_password=reader.text("EMAIL_PASSWORD"),
        email_tls=reader.yes("EMAIL_TLS", default=not development),
        mail_from=reader.text("MAIL_FROM", "Riskdesk <desk@riskdesk.example>"),
        mail_domains=reader.words("MAIL_DOMAINS"),
        log_level=reader.one_of("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format="json"
        if reader.one_of("LOG_FORMAT", "json", ("json", "console")) == "json"
        else "console",
    )
