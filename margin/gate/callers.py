"""Who asks: a token's secret, and the desks whose orders it may check.

Takes an Authorization header; gives the desks' codes. What was found is kept for a moment and looked up again
beside the asking, so that a token that was revoked, or a role that was taken away, ends within two seconds.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import close_old_connections, connections

from accounts import tokens
from accounts.access import Action, desks_where
from riskdesk.clock import monotonic_seconds

FRESH_SECONDS, GOOD_SECONDS = 0.5, 1.5
MOST_KEPT = 1_000
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """`desks` is None where the token opens nothing."""

    desks: frozenset[str] | None
    name: str
    seen_at: float


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
    asked: dict[str, "asyncio.Task[Caller]"] = field(default_factory=dict)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "callers"))

    async def who(self, header: str) -> Caller | None:
        """None: no token that opens anything."""
        kind, _, secret = header.partition(" ")
        secret = secret.strip()
        if kind.lower() != "bearer" or not secret or len(secret) > MOST_CHARACTERS:
            return None
        known = self.kept.get(secret)
        age = monotonic_seconds() - known.seen_at if known else GOOD_SECONDS
        if known is None or age >= GOOD_SECONDS:
            known = await asyncio.shield(self._look(secret))
        elif age >= FRESH_SECONDS:
            self._look(secret)
        return known if known.desks is not None else None

    async def close(self) -> None:
        """Give the thread's connection back."""
        await asyncio.gather(*self.asked.values(), return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self.threads, connections.close_all)
        self.threads.shutdown(wait=False)

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
        else:
            if len(self.kept) >= MOST_KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[secret] = found
        return found


def _seen(task: "asyncio.Task[Caller]") -> None:
    """A look-up beside the asking may fail unheard: the next one that waits for it says so."""
    if not task.cancelled():
        task.exception()
