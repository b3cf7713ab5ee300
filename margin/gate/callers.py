"""Who asks: a token's secret, and the desks whose orders it may check.

Takes an Authorization header and the asker's address; gives the desks' codes, or why it turns away. What was
found is kept for a moment and looked up again beside the asking, so that a token that was revoked, or a role
that was taken away, ends within two seconds. A token that opened nothing is not looked up again for ten
seconds; what was not seen before is looked up so often for one address, and so much at once, and no more.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from django.db import close_old_connections, connections

from accounts import tokens
from accounts.access import Action, desks_where
from riskdesk.buckets import Buckets
from riskdesk.clock import monotonic_seconds

FRESH_SECONDS, GOOD_SECONDS = 0.5, 1.5
REFUSED_SECONDS = 10.0
MOST_KEPT = 1_000
MOST_REFUSED = 10_000
MOST_WAITING = 100
STRANGERS_BURST, STRANGERS_PER_SECOND = 100, 10
MOST_CHARACTERS = 200

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Caller:
    """`desks` is None where the token opens nothing."""

    desks: frozenset[str] | None
    name: str
    seen_at: float


class Turned(Enum):
    """Away: no token that opens anything, or too many that we have not seen."""

    UNKNOWN = auto()
    TOO_OFTEN = auto()


def look_up(secret: str) -> Caller:
    """In a thread of its own: the same rules that pages and API ask."""
    seen_at = monotonic_seconds()
    close_old_connections()
    token = tokens.find(secret)
    if token is None:
        return Caller(None, "", seen_at)
    who = tokens.principal_of(token)
    desks = frozenset(desks_where(who, Action.CHECK_ORDERS).values_list("code", flat=True))
    return Caller(desks, who.name, seen_at)


@dataclass(slots=True)
class Callers:
    """Secrets that were asked with lately."""

    find: Callable[[str], Caller] = look_up
    kept: dict[str, Caller] = field(default_factory=dict)
    refused: dict[bytes, float] = field(default_factory=dict)
    strangers: Buckets = field(default_factory=lambda: Buckets(STRANGERS_BURST, STRANGERS_PER_SECOND))
    asked: dict[str, "asyncio.Task[Caller]"] = field(default_factory=dict)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "callers"))

    async def who(self, header: str, address: str) -> Caller | Turned:
        """A token that is known is never held up by strangers of the same address."""
        kind, _, secret = header.partition(" ")
        secret = secret.strip()
        if kind.lower() != "bearer" or not secret or len(secret) > MOST_CHARACTERS:
            return Turned.UNKNOWN
        known = self.kept.get(secret)
        if known is None and (turned := self._turned(secret, address)):
            return turned
        age = monotonic_seconds() - known.seen_at if known else GOOD_SECONDS
        if known is None or age >= GOOD_SECONDS:
            known = await asyncio.shield(self._look(secret))
        elif age >= FRESH_SECONDS:
            self._look(secret)
        return known if known.desks is not None else Turned.UNKNOWN

    async def close(self) -> None:
        """Give the thread's connection back."""
        await asyncio.gather(*self.asked.values(), return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self.threads, connections.close_all)
        self.threads.shutdown(wait=False)

    def _turned(self, secret: str, address: str) -> Turned | None:
        """Without a look-up: refused lately, or more than this address, or all together, may ask."""
        now = monotonic_seconds()
        if now - self.refused.get(_digest(secret), -REFUSED_SECONDS) < REFUSED_SECONDS:
            return Turned.UNKNOWN
        if secret in self.asked:
            return None
        if len(self.asked) >= MOST_WAITING or self.strangers.take(address, now):
            return Turned.TOO_OFTEN
        return None

    def _look(self, secret: str) -> "asyncio.Task[Caller]":
        """Once, however many wait for it."""
        if secret not in self.asked:
            self.asked[secret] = asyncio.create_task(self._ask(secret))
            self.asked[secret].add_done_callback(_seen)
        return self.asked[secret]

    async def _ask(self, secret: str) -> Caller:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self.threads, self.find, secret)
        finally:
            self.asked.pop(secret, None)
        if found.desks is None:
            self.kept.pop(secret, None)
            digest = _digest(secret)
            self.refused.pop(digest, None)
            _keep(self.refused, digest, found.seen_at, MOST_REFUSED)
        else:
            _keep(self.kept, secret, found, MOST_KEPT)
        return found


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _keep(among: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """The one that came first goes."""
    if key not in among and len(among) >= most:
        among.pop(next(iter(among)))
    among[key] = value


def _seen(task: "asyncio.Task[Caller]") -> None:
    """A look-up beside the asking may fail unheard: the next one that waits for it says so."""
    if not task.cancelled():
        task.exception()
