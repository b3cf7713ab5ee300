"""How a gate hears of restrictions: by looking, ten times a second, on a thread and connection of its own.

Takes the revision of control; swaps what the gate decides under, then writes that it did. It waits for no
book, no run and no worker, so a kill switch bites while any of them stands still. Decides nothing.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

import structlog
from django.db import connection, connections

from margin.book.controls import Controls, load_controls, revision_of_control
from margin.gate.standing import Standing
from riskdesk.clock import monotonic_seconds

log = structlog.get_logger(__name__)

T = TypeVar("T")
LOOK_SECONDS, SAY_SECONDS = 0.1, 1.0
CONFIRM = """
    WITH unwaited AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO margin_gateconfirmation (gate, backend, revision, applied_at, seen_at)
    SELECT %s, %s, %s, clock_timestamp(), clock_timestamp() FROM unwaited
    ON CONFLICT (gate, revision) DO UPDATE SET seen_at = excluded.seen_at
"""
"""Nothing rests on its being on the disk, and the next look must not wait until it is."""


@dataclass(slots=True)
class Hearing:
    """One gate's ear for control, from the moment it opens until it is shut."""

    standing: Standing
    gate: UUID = field(default_factory=uuid4)
    backend: int = 0
    said_at: float = 0.0
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "control"))
    listening: "asyncio.Task[None] | None" = None

    async def open(self, backend: int) -> None:
        """What is in force now, before the first order; then whatever comes."""
        self.gate, self.backend, self.said_at = uuid4(), backend, 0.0
        self.standing.controls = Controls(revision=-1)
        await self._listen_once()
        self.listening = asyncio.create_task(self._listen())

    @property
    def is_deaf(self) -> bool:
        return self.listening is None or self.listening.done()

    async def shut(self) -> None:
        if self.listening is not None:
            self.listening.cancel()
            for fault in await asyncio.gather(self.listening, return_exceptions=True):
                if isinstance(fault, Exception):  # what made it deaf
                    log.error("control.not_heard", exc_info=fault)
            self.listening = None
        await self._aside(connections.close_all)

    def end(self) -> None:
        self.thread.shutdown(wait=False)

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._listen_once()

    async def _listen_once(self) -> None:
        looked_at, before = monotonic_seconds(), self.standing.controls.revision
        found = await self._aside(lambda: _newer(before))
        if found is not None:
            self.standing.controls = found
            log.info("control.applied", revision=found.revision)
        self.standing.heard_at = looked_at
        if found is not None or looked_at - self.said_at >= SAY_SECONDS:
            revision = self.standing.controls.revision
            await self._aside(lambda: self._confirm(revision))
            self.said_at = looked_at

    def _confirm(self, revision: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(CONFIRM, [self.gate, self.backend, revision])

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)


def _newer(revision: int) -> Controls | None:
    """What is in force, if anything changed since."""
    return load_controls() if revision_of_control() != revision else None
