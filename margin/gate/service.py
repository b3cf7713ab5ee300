"""The gate: orders in, decisions out, each committed before it is answered.

Takes what a door has read; gives a status and a body. It decides on one thread, one order after the other, so
headroom is never granted twice; what it allowed rests from that moment, and what it could not commit is never
answered as allowed. Everything it knows is in the database: whoever takes over reads it there.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import structlog
from django.conf import settings

from margin.engine.rational import Fraction
from margin.engine.verdict import Because, Decision, Why
from margin.gate import words
from margin.gate.asked import Asked, Refusals
from margin.gate.callers import Caller
from margin.gate.decide import Decided, Decider
from margin.gate.journal import Journal, JournalLost, Recorded, Row
from margin.gate.measured import Accounts
from margin.gate.reservations import RESTING, Held, Key, Reservations
from margin.gate.resolved import plain
from margin.gate.standing import Place, Standing
from riskdesk import clock
from riskdesk.errors import Refusal
from riskdesk.problems import problem

log = structlog.get_logger(__name__)

Answer = tuple[int, bytes]
MOST_RECENT = 20_000
BREATH = 20
"""Orders of a batch between two looks at what else waits."""


def said(status: int, name: str, detail: str, errors: Sequence[Refusal] = (), **more: Any) -> Answer:
    return status, msgspec.json.encode(problem(status, name, detail, errors, **more))


CLOSED = said(
    503,
    "no-book",
    "The gate is not ready: it holds no book, or cannot record what it decides. Treat this order as refused.",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A decision on its way into the journal, and who waits for it."""

    key: Key
    decided: Decided
    held: Held | None
    body: bytes
    waiting: "asyncio.Future[tuple[str, bytes]]"


@dataclass(slots=True)
class Gate:
    """One process's gate over the shards it owns."""

    standing: Standing = field(default_factory=Standing)
    reservations: Reservations = field(default_factory=Reservations)
    journal: Journal = field(default_factory=Journal)
    ready: bool = False
    whole: bool = False
    """Every shard is ours: what we do not know does not exist."""
    still: asyncio.Event = field(default_factory=asyncio.Event)
    accounts: Accounts = field(init=False)
    decider: Decider = field(init=False)
    pending: dict[Key, "asyncio.Future[tuple[str, bytes]]"] = field(default_factory=dict)
    recent: dict[Key, tuple[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.standing, self.reservations)
        self.decider = Decider(self.standing, self.accounts)
        self.still.set()

    # -- single orders ------------------------------------------------------------------------------------

    async def check(self, asked: Asked, who: Caller, *, figures: bool = True) -> Answer:
        """The answer to one order: the first one, whenever it is asked again."""
        await self.still.wait()
        if not self.ready:
            return CLOSED
        place = self.place_of(asked.account, who)
        if place is None:
            return self._nowhere(asked)
        try:
            started = self.start(asked, place, figures=figures)
            if isinstance(started, list):
                return said(400, "invalid", started[0].message, started)
            content, body = await started
        except JournalLost:
            return CLOSED
        return (200, body) if content == asked.content else used(asked)

    def place_of(self, account: str, who: Caller) -> Place | None:
        place = self.standing.places.get(account)
        return place if place is not None and who.desks and place.desk in who.desks else None

    def _nowhere(self, asked: Asked) -> Answer:
        if not self.whole:
            return said(503, "not-here", "This gate does not decide for that account: treat it as refused.")
        reason = words.reason(Because(Why.UNKNOWN_ACCOUNT, "", asked.account), 2)
        errors = [Refusal("account", "unknown", asked.account, str(reason["message"]))]
        return said(404, "not-found", str(reason["message"]), errors, decision="reject", reasons=[reason])

    def start(self, asked: Asked, place: Place, *, figures: bool) -> Awaitable[tuple[str, bytes]] | Refusals:
        """Decide now, reserve now, and wait for the commit; or for the answer that is given already."""
        key = (place.desk_id, asked.order_id)
        if key in self.recent:
            return _at_once(self.recent[key])
        if key in self.pending:
            return self.pending[key]
        now, age = clock.now(), self.standing.age_seconds
        decided = self.decider.decide(asked, place, now=now, age_seconds=age, figures=figures)
        if isinstance(decided, list):
            return decided
        held = self._reserve(decided, key) if decided.decision is Decision.ALLOW else None
        body = msgspec.json.encode(decided.answer)
        waiting: asyncio.Future[tuple[str, bytes]] = asyncio.get_running_loop().create_future()
        self.pending[key] = waiting
        row = self._row(decided, body, held)
        self.journal.decide(row, partial(self._committed, Sent(key, decided, held, body, waiting)))
        return waiting

    def _reserve(self, decided: Decided, key: Key) -> Held:
        asked, kept_seconds = decided.asked, settings.ENV.gate_reserved_seconds
        decided.answer["valid_for_ms"] = kept_seconds * 1000
        held = Held(
            key=key,
            account_id=decided.place.account.id,
            instrument=asked.instrument,
            mode=decided.mode,
            ref=decided.ref,
            quantity=asked.sign * asked.quantity,
            price=asked.price,
            isolated_margin=asked.isolated_margin,
            expires_at=clock.now() + timedelta(seconds=kept_seconds),
        )
        self.reservations.add(held)
        return held

    def _row(self, decided: Decided, body: bytes, held: Held | None) -> Row:
        asked = decided.asked
        return {
            "desk_id": decided.place.desk_id,
            "order_id": asked.order_id,
            "sub_account_id": decided.place.account.id,
            "instrument": asked.instrument,
            "side": asked.side,
            "quantity": plain(asked.quantity),
            "price": None if asked.price is None else plain(asked.price),
            "mode": decided.mode,
            "ref": decided.ref,
            "isolated_margin": plain(asked.isolated_margin),
            "content": asked.content,
            "decision": decided.decision.value,
            "granted": plain(decided.granted),
            "reason": decided.reason,
            "answer": body.decode(),
            "decided_at": clock.now(),
            "expires_at": held.expires_at if held else None,
        }

    def _committed(self, sent: "Sent", recorded: Recorded | None) -> None:
        """After the commit: the new answer, or the one that stood there before."""
        self.pending.pop(sent.key, None)
        held, waiting = sent.held, sent.waiting
        if recorded is None:
            if not waiting.done():
                waiting.set_exception(JournalLost("it may be committed or not"))
                waiting.exception()  # whoever waited may be gone: that is no fault
            return
        if recorded.decision_id:
            found = (sent.decided.asked.content, sent.body)
            if held is not None:
                held.decision_id = recorded.decision_id
        else:
            found = (recorded.content, recorded.answer.encode())
            if held is not None:
                self._give_back(held)
        self._remember(sent.key, found)
        if not waiting.done():
            waiting.set_result(found)

    def _give_back(self, held: Held) -> None:
        """It was decided before: what stands in the database holds its own headroom."""
        before = next(
            (one for one in self.reservations.of(held.account_id) if one.key == held.key and one is not held),
            None,
        )
        self.reservations.drop(held)
        if before is not None:
            self.reservations.by_key[held.key] = before

    def drop_if_over(self, held: Held) -> None:
        """An order whose end was told and whose fills a snapshot has told is the book's from here on."""
        if held.state != RESTING and not held.fills:
            self.reservations.drop(held)

    def _remember(self, key: Key, found: tuple[str, bytes]) -> None:
        if len(self.recent) >= MOST_RECENT:
            del self.recent[next(iter(self.recent))]
        self.recent[key] = found

    # -- batches ------------------------------------------------------------------------------------------

    async def batch(self, orders: Sequence[Asked], who: Caller, *, figures: bool) -> Answer:
        """One after the other, each finding what those before it reserved; each answered for itself."""
        await self.still.wait()
        if not self.ready:
            return CLOSED
        started: list[Awaitable[tuple[str, bytes]] | Refusals | None] = []
        try:
            for number, asked in enumerate(orders):
                if number % BREATH == BREATH - 1:
                    await asyncio.sleep(0)
                    await self.still.wait()
                    if not self.ready:  # closed meanwhile: what rested is forgotten until it is read anew
                        return CLOSED
                place = self.place_of(asked.account, who)
                started.append(None if place is None else self.start(asked, place, figures=figures))
            return 200, b'{"results":[' + b",".join(
                [await _one(*pair) for pair in zip(orders, started, strict=True)]
            ) + b"]}"
        except JournalLost:
            return CLOSED

    # -- after a loss -------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Nothing in memory is sure any more."""
        self.ready = self.whole = False
        self.recent.clear()
        self.reservations.clear()

    def take(self, held: Iterable[Held]) -> None:
        for one in held:
            self.reservations.add(one)


def used(asked: Asked) -> Answer:
    message = "This order id was used for another order."
    return said(422, "order-id-used", message, [Refusal("order_id", "used", asked.order_id, message)])


async def _at_once(found: tuple[str, bytes]) -> tuple[str, bytes]:
    return found


async def _one(asked: Asked, started: Awaitable[tuple[str, bytes]] | Refusals | None) -> bytes:
    """One order's answer within a batch; what a single order is told by a status is a reason here."""
    if started is None:
        return _refused(asked, [words.reason(Because(Why.UNKNOWN_ACCOUNT, "", asked.account), 2)])
    if isinstance(started, list):
        return _refused(asked, [_reason(one.rule, one.field, one.value, one.message) for one in started])
    content, body = await started
    if content == asked.content:
        return body
    return _refused(
        asked, [_reason("order_id_used", "order_id", asked.order_id, "It was used for another order.")]
    )


def _reason(code: str, limit: str, measured: str, message: str) -> dict[str, str | None]:
    return {"code": code, "limit": limit, "measured": measured, "allowed": None, "message": message}


def _refused(asked: Asked, reasons: list[dict[str, str | None]]) -> bytes:
    answer = {
        "order_id": asked.order_id,
        "decision": Decision.REJECT.value,
        "quantity": plain(Fraction(0)),
        "reasons": reasons,
        "before": None,
        "after": None,
        "evaluation": None,
        "data_age_ms": 0,
        "valid_for_ms": 0,
    }
    return msgspec.json.encode(answer)
