"""What keeps a gate's memory true: taking over shards, looking at the desk, settling, letting lapse.

Takes a gate; runs until it is stopped. Whatever fails (the database, the connection that owns the shards),
the gate is closed at once, and everything is read anew before it opens again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
import structlog
from django.conf import settings
from django.db import Error as DatabaseProblem
from django.db import connections

from accounts.models import HOUSE, Shard
from margin.gate.hearing import Hearing
from margin.gate.journal import JournalLost
from margin.gate.reservations import LAPSED, RESTING
from margin.gate.resolved import plain
from margin.gate.restore import held_in
from margin.gate.service import Gate
from riskdesk import clock

log = structlog.get_logger(__name__)

LOOK_SECONDS, AGAIN_SECONDS = 0.1, 0.3
SLOW_EVERY = 10
"""Turns between two looks at what may wait a second: free shards, reservations that lapse."""
T = TypeVar("T")


class Keeper:
    """One thread for the books, one for restrictions, one connection for the journal, and their order."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.thread = ThreadPoolExecutor(1, "books")
        self.turns = 0
        self.writing: asyncio.Task[None] | None = None
        self.hearing = Hearing(gate.standing)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._open()
                    while True:
                        await self._turn()
                        await asyncio.sleep(LOOK_SECONDS)
                except (psycopg.Error, DatabaseProblem, OSError, JournalLost, LookupError) as trouble:
                    log.warning("gate.closed", error=str(trouble)[:200])
                except Exception:  # a door: a gate that nobody keeps would stay closed, and say nothing
                    log.exception("gate.failed")
                await self._shut()
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await self._shut()
            self.thread.shutdown(wait=False)
            self.hearing.end()

    async def _shut(self) -> None:
        self.gate.forget()
        if self.writing is not None:
            self.writing.cancel()
            await asyncio.gather(self.writing, return_exceptions=True)
        self.gate.still.set()
        await self.hearing.shut()
        await self.gate.journal.close()
        await self._aside(self._drop_books)

    def _drop_books(self) -> None:
        self.gate.standing.forget()
        connections.close_all()

    async def _open(self) -> None:
        await self.gate.journal.open()
        self.writing = asyncio.create_task(self.gate.journal.keep())
        await self.hearing.open(self.gate.journal.backend)
        await self._take_shards()
        if self.gate.standing.books:
            self.gate.ready = True
            log.info(
                "gate.opened",
                shards=sorted(self.gate.standing.books),
                resting=len(self.gate.reservations.by_key),
            )

    async def _take_shards(self) -> None:
        """Those that nobody else owns: the lock first, then what it protects."""
        gate = self.gate
        wanted = await self._aside(wanted_shards)
        taken = [
            shard for shard in wanted if shard not in gate.standing.books and await gate.journal.own(shard)
        ]
        if taken:
            gate.take(await self._aside(lambda: held_in(taken)))
            await self._move(taken)
        every = await self._aside(all_shards)
        gate.whole = set(every) == set(gate.standing.books)

    async def _turn(self) -> None:
        gate, now = self.gate, clock.now()
        if gate.journal.failed or self.writing is None or self.writing.done():
            raise JournalLost("a group was not committed")
        if self.hearing.is_deaf:
            raise JournalLost("restrictions are not heard of any more")
        self.turns += 1
        if self.turns % SLOW_EVERY == 0 and not gate.whole:
            await self._take_shards()
            gate.ready = bool(gate.standing.books)
        unsettled = gate.reservations.unsettled()
        seen = await self._aside(lambda: gate.standing.peek(now, unsettled))
        if seen.moved:
            await self._move(seen.moved)
        else:
            gate.standing.take_prices(seen)
        settled = [held for held in gate.reservations.settle(gate.standing.told) if held.decision_id]
        if settled:
            await gate.journal.settle({held.decision_id: plain(held.filled) for held in settled})
            for held in settled:
                gate.drop_if_over(held)
        if self.turns % SLOW_EVERY == 0:
            await self._lapse()

    async def _move(self, shards: "tuple[int, ...] | list[int]") -> None:
        """Nobody decides while a book is changed in place."""
        gate, now = self.gate, clock.now()
        unsettled = gate.reservations.unsettled()
        gate.still.clear()
        try:
            gate.standing.take_prices(await self._aside(lambda: gate.standing.move(shards, unsettled, now)))
        finally:
            gate.still.set()

    async def _lapse(self) -> None:
        overdue = self.gate.reservations.overdue(clock.now())
        if not overdue:
            return
        await self.gate.journal.lapse([held.decision_id for held in overdue])
        for held in overdue:
            if held.state == RESTING:  # an event may have come while we wrote
                held.state = LAPSED
            self.gate.reservations.touch(held.account_id)
            self.gate.drop_if_over(held)
        log.info("reservation.lapsed", count=len(overdue))

    async def _aside(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, ask)


def all_shards() -> list[int]:
    return list(Shard.objects.exclude(number=HOUSE).order_by("number").values_list("number", flat=True))


def wanted_shards() -> list[int]:
    """Of those there are, the ones this process is meant for; all, unless it was told otherwise."""
    own = settings.ENV.gate_shards
    return [shard for shard in all_shards() if not own or shard in own]
