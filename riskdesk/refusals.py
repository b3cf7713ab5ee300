"""What a production start refuses, and what it only warns of.

Takes an `Environment`; gives faults with an id, a sentence and a hint. Pure, and free of Django, so that the
launcher says them before anything starts and `manage.py check` says the same. Development refuses nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from riskdesk.connection import parse
from riskdesk.env import SAMPLE_SECRET, Environment

SHORTEST_SECRET, FEWEST_DIFFERENT = 50, 12
SAMPLE_MARKS = ("django-insecure-", "change-me", "changeme", "replace-me", "sample", "example", "secret-key")
HOW_TO_MAKE_ONE = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(64))"'
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LOCAL = LOOPBACK | {""}  # a URL without a host means this machine
DEMAND_TLS = "Add ?sslmode=verify-full (and sslrootcert=…) to the URL."


@dataclass(frozen=True, slots=True)
class Fault:
    """`id` is riskdesk.E… where the start is refused, riskdesk.W… where it is not."""

    id: str
    message: str
    hint: str

    @property
    def refuses(self) -> bool:
        return self.id.startswith("riskdesk.E")


def faults(env: Environment) -> list[Fault]:
    """Everything wrong with this environment for production, errors first; nothing in development."""
    if not env.production:
        return []
    every = (*_secrets(env), *_doors(env), *_services(env), *_networks(env), *_mail(env))
    found = [Fault(*row) for row in every]
    return sorted(found, key=lambda fault: not fault.refuses)


def _secrets(env: Environment) -> Iterator[tuple[str, str, str]]:
    if env.debug:
        yield "riskdesk.E001", "DEBUG is on in production.", "Remove DEBUG: it shows code and settings."
    if not env.secret_key:
        yield "riskdesk.E002", "SECRET_KEY is not set.", HOW_TO_MAKE_ONE
    elif is_weak(env.secret_key):
        yield "riskdesk.E003", "SECRET_KEY is a sample or too short.", HOW_TO_MAKE_ONE
    if env.audit_key and is_weak(env.audit_key):
        yield (
            "riskdesk.E014",
            "AUDIT_KEY is a sample or too short: whoever guesses it can forge the audit chain.",
            f"Unset it, or use a random one. {HOW_TO_MAKE_ONE}",
        )
    if any(is_weak(old) for old in env.secret_key_fallbacks):
        yield "riskdesk.E004", "SECRET_KEY_FALLBACKS holds a sample or a short key.", "Remove that key."
    if env.demo:
        yield (
            "riskdesk.E005",
            "DEMO is on in production: its people share a known password.",
            "Set DEMO=0, and use a database that never was a demo's.",
        )


def is_weak(secret: str) -> bool:
    lower = secret.lower().replace("_", "-").replace(" ", "-")
    return (
        secret == SAMPLE_SECRET
        or len(secret) < SHORTEST_SECRET
        or len(set(secret)) < FEWEST_DIFFERENT
        or any(mark in lower for mark in SAMPLE_MARKS)
    )


def _doors(env: Environment) -> Iterator[tuple[str, str, str]]:
    if not env.base_url.startswith("https://"):
        yield (
            "riskdesk.E006",
            f"BASE_URL is {env.base_url or 'not set'}: production is reached by https.",
            "Set BASE_URL=https://your-desk.example.com and let a proxy end TLS.",
        )
    elif env.trusted_proxies == 0:
        yield (
            "riskdesk.E007",
            "BASE_URL is https, but TRUSTED_PROXIES is 0: every request would be redirected for ever.",
            "Set TRUSTED_PROXIES to the number of proxies in front (they set X-Forwarded-Proto and -For).",
        )
    if "*" in env.allowed_hosts or not env.allowed_hosts:
        yield "riskdesk.E008", "ALLOWED_HOSTS must name the desk's hosts.", "Name them, without '*'."


def _services(env: Environment) -> Iterator[tuple[str, str, str]]:
    if not env.database_url:
        yield (
            "riskdesk.E009",
            "DATABASE_URL is not set: the built-in PostgreSQL is for trying and for tests.",
            "Point DATABASE_URL at your PostgreSQL.",
        )
    if not env.redis_url:
        yield (
            "riskdesk.E010",
            "REDIS_URL is not set: the built-in Valkey is for trying and for tests.",
            "Point REDIS_URL at your Valkey or Redis (maxmemory-policy noeviction).",
        )


def _networks(env: Environment) -> Iterator[tuple[str, str, str]]:
    if _travels_bare(env.database_url):
        yield "riskdesk.W002", "DATABASE_URL crosses a network without demanding TLS.", DEMAND_TLS
    if env.database_owner_url != env.database_url and _travels_bare(env.database_owner_url):
        yield "riskdesk.W005", "DATABASE_OWNER_URL crosses a network without demanding TLS.", DEMAND_TLS
    if env.redis_url.startswith("redis://") and (urlsplit(env.redis_url).hostname or "") not in LOCAL:
        yield "riskdesk.W006", "REDIS_URL crosses a network without TLS.", "Use rediss:// in the URL."


def _travels_bare(url: str) -> bool:
    """A URL may name several hosts: one that is elsewhere is enough."""
    known = parse(url, variable="DATABASE_URL")
    hosts = str(known.get("host", "")).split(",")
    local = all(host in LOCAL or host.startswith("/") for host in hosts)
    return not local and known.get("sslmode") not in ("require", "verify-ca", "verify-full")


def _mail(env: Environment) -> Iterator[tuple[str, str, str]]:
    if env.email_host not in LOOPBACK and not env.email_tls:
        yield "riskdesk.W003", "Mail crosses a network without TLS.", "Set EMAIL_TLS=1."
    if "riskdesk.example" in env.mail_from:
        yield "riskdesk.W004", "MAIL_FROM is the sample address.", "Set MAIL_FROM to an address of yours."
