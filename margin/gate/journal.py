"""The gate's one connection: who owns a shard, and what was decided, committed in groups.

Takes decisions and events as rows; gives back which were new, after the commit. The connection holds the
shard's advisory lock and does all the writing, so whoever has lost the lock can not write either: there is no
moment in which two gates decide for one account. Everything that waits is committed together; while one group
is on its way the next gathers.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psycopg
import structlog
from django.db import connections

from riskdesk.locks import GATE

log = structlog.get_logger(__name__)

MOST_ROWS = 2_000
LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
DECIDE = """
    WITH asked AS (SELECT * FROM json_to_recordset(%s::json) AS row(
        desk_id bigint, order_id text, sub_account_id bigint, instrument text, side text, quantity numeric,
        price numeric, mode text, ref text, isolated_margin numeric, content text, decision text,
        granted numeric, reason text, answer text, decided_at timestamptz, expires_at timestamptz)),
    fresh AS (INSERT INTO margin_orderdecision (desk_id, order_id, sub_account_id, instrument, side, quantity,
            price, mode, ref, isolated_margin, content, decision, granted, reason, answer, decided_at)
        SELECT desk_id, order_id, sub_account_id, instrument, side, quantity, price, mode, ref,
            isolated_margin, content, decision, granted, reason, answer, decided_at
        FROM asked ON CONFLICT (desk_id, order_id) DO NOTHING RETURNING id, desk_id, order_id),
    kept AS (INSERT INTO margin_reservation (decision_id, sub_account_id, state, filled_quantity, expires_at,
            unsettled)
        SELECT fresh.id, sub_account_id, 'resting', 0, expires_at, false
        FROM fresh JOIN asked USING (desk_id, order_id) WHERE decision = 'allow')
    SELECT id, desk_id, order_id FROM fresh
"""
STORED = """
    SELECT desk_id, order_id, content, answer FROM margin_orderdecision
    WHERE (desk_id, order_id) IN (SELECT * FROM unnest(%s::bigint[], %s::text[]))
"""
TELL = """
    WITH told AS (SELECT * FROM json_to_recordset(%s::json) AS row(
        decision_id bigint, kind text, filled_quantity numeric, price numeric, as_of timestamptz,
        recorded_at timestamptz, state text, unsettled boolean)),
    kept AS (INSERT INTO margin_orderevent (decision_id, kind, filled_quantity, price, as_of, recorded_at)
        SELECT decision_id, kind, filled_quantity, price, as_of, recorded_at FROM told)
    UPDATE margin_reservation AS held SET state = told.state, filled_quantity = told.filled_quantity,
        as_of = told.as_of, unsettled = told.unsettled
    FROM told WHERE held.decision_id = told.decision_id
"""
LAPSE = "UPDATE margin_reservation SET state = 'lapsed' WHERE decision_id = ANY(%s) AND state = 'resting'"
SETTLE = """
    UPDATE margin_reservation AS held SET unsettled = false
    FROM unnest(%s::bigint[], %s::numeric[]) AS told (decision_id, filled)
    WHERE held.decision_id = told.decision_id AND held.filled_quantity = told.filled
"""


class JournalLost(Exception):
    """What was sent may or may not be committed: nothing may be answered, and memory is read anew."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A new decision's number; or what stands under this order id already."""

    decision_id: int = 0
    content: str = ""
    answer: str = ""


Row = dict[str, Any]
Done = Callable[[Recorded | None], None]


@dataclass(slots=True)
class Journal:
    """One connection and those who wait for its next commit."""

    connection: "psycopg.AsyncConnection[Any] | None" = None
    decisions: list[tuple[Row, Done]] = field(default_factory=list)
    events: list[tuple[Row, "asyncio.Future[None]"]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    commits: int = 0
    failed: bool = False

    async def open(self) -> None:
        self.failed = False
        self.connection = await psycopg.AsyncConnection.connect(**parameters(), autocommit=True)

    async def close(self) -> None:
        decisions, self.decisions = self.decisions, []
        events, self.events = self.events, []
        _tell_lost(decisions, events)
        found, self.connection = self.connection, None
        if found is not None:
            with suppress(psycopg.Error):
                await found.close()

    async def own(self, shard: int) -> bool:
        """The shard's lock, for as long as this connection lives."""
        cursor = await self._connection.execute(LOCK, [GATE, shard])
        row = await cursor.fetchone()
        return bool(row and row[0])

    @property
    def backend(self) -> int:
        """The connection's number at the server, by which others see what it owns."""
        return self._connection.info.backend_pid

    @property
    def _connection(self) -> "psycopg.AsyncConnection[Any]":
        if self.connection is None or self.failed:
            raise JournalLost("there is no connection")
        return self.connection

    def decide(self, row: Row, done: Done) -> None:
        """It is called once the group this row waits in is committed; with nothing where that is not sure."""
        self.decisions.append((row, done))
        self.wake.set()

    def tell(self, row: Row) -> "asyncio.Future[None]":
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.events.append((row, waiting))
        self.wake.set()
        return waiting

    async def keep(self) -> None:
        """For ever: whatever waits, in one transaction; then those who waited for it."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            while self.decisions or self.events:
                decisions, self.decisions = self.decisions[:MOST_ROWS], self.decisions[MOST_ROWS:]
                events, self.events = self.events[:MOST_ROWS], self.events[MOST_ROWS:]
                await self._commit(decisions, events)

    async def _commit(
        self,
        decisions: Sequence[tuple[Row, Done]],
        events: Sequence[tuple[Row, "asyncio.Future[None]"]],
    ) -> None:
        try:
            found = await self._write([row for row, _ in decisions], [row for row, _ in events])
        except asyncio.CancelledError:
            _tell_lost(decisions, events)
            raise
        except Exception:  # a door: whatever it was, nobody may wait for ever; the keeper begins anew
            self.failed = True
            log.exception("journal.lost", decisions=len(decisions), events=len(events))
            _tell_lost(decisions, events)
            return
        self.commits += 1
        for row, done in decisions:
            done(found.get((row["desk_id"], row["order_id"])))
        for _, told in events:
            if not told.done():
                told.set_result(None)

    async def _write(self, decisions: list[Row], events: list[Row]) -> dict[tuple[int, str], Recorded]:
        """A statement is a transaction of its own; two kinds at once are one together."""
        connection = self._connection
        if not events:
            return await self._decisions(connection, decisions)
        async with connection.transaction():
            await connection.execute(TELL, [_json(events)], prepare=True)
            return await self._decisions(connection, decisions) if decisions else {}

    async def _decisions(
        self, connection: "psycopg.AsyncConnection[Any]", rows: list[Row]
    ) -> dict[tuple[int, str], Recorded]:
        cursor = await connection.execute(DECIDE, [_json(rows)], prepare=True)
        found = {(desk, order): Recorded(number) for number, desk, order in await cursor.fetchall()}
        known = [key for row in rows if (key := (row["desk_id"], row["order_id"])) not in found]
        if known:
            cursor = await connection.execute(
                STORED, [[desk for desk, _ in known], [order for _, order in known]]
            )
            for desk, order, content, answer in await cursor.fetchall():
                found[desk, order] = Recorded(0, content, answer)
        return found

    async def lapse(self, decisions: Sequence[int]) -> None:
        await self._connection.execute(LAPSE, [list(decisions)])

    async def settle(self, filled: Mapping[int, str]) -> None:
        """By decision, how much was filled when a snapshot told it; what was filled since stays unsettled."""
        await self._connection.execute(SETTLE, [list(filled), list(filled.values())])


def _tell_lost(
    decisions: Sequence[tuple[Row, Done]], events: Sequence[tuple[Row, "asyncio.Future[None]"]]
) -> None:
    for _, done in decisions:
        done(None)
    for _, waiting in events:
        if not waiting.done():
            waiting.set_exception(JournalLost("it may be committed or not"))


def _json(rows: list[Row]) -> str:
    return msgspec.json.encode(rows).decode()


def parameters() -> dict[str, Any]:
    """libpq's own, of the connection that Django describes."""
    described = connections["default"].settings_dict
    options = {key: value for key, value in described["OPTIONS"].items() if key != "pool"}
    named = {
        "host": described["HOST"],
        "port": described["PORT"],
        "dbname": described["NAME"],
        "user": described["USER"],
        "password": described["PASSWORD"],
    }
    return {**{key: value for key, value in named.items() if value}, **options, "application_name": "gate"}
