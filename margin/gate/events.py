"""What became of an allowed order: its headroom is released, and what was filled lies over the book.

Takes an event as a platform tells it; gives a status and a body. An event is recorded before it has an
effect. Of one order they come in the order of the platform's clock, and `filled_quantity` only rises: it is
all that was filled so far, so an event that was missed is made good by the next.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from django.db import connections

from margin.engine.rational import Fraction
from margin.engine.types import ZERO
from margin.gate.asked import Told
from margin.gate.callers import Caller
from margin.gate.journal import JournalLost, Row
from margin.gate.reservations import LAPSED, RESTING, Filled, Held
from margin.gate.resolved import plain
from margin.gate.restore import held_of
from margin.gate.service import CLOSED, Answer, Gate, said
from margin.models import OrderDecision
from riskdesk import clock
from riskdesk.errors import Refusal

FUTURE = timedelta(seconds=2)
ENDS = {"filled": "filled", "cancelled": "cancelled", "expired": "expired", "partial": RESTING}


@dataclass(slots=True)
class Turn:
    """Who tells of one order: one at a time, and how many in all."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    count: int = 0


@dataclass(slots=True)
class Events:
    """The events of one gate's orders, each order's one after the other."""

    gate: Gate
    turns: dict[str, Turn] = field(default_factory=dict)

    async def tell(self, order_id: str, told: Told, who: Caller) -> Answer:
        """The order is looked up within the turn: whoever had it before may have ended it."""
        async with self._turn(order_id):
            await self.gate.still.wait()
            if not self.gate.ready:
                return CLOSED
            held = await self._find(order_id, who)
            if not isinstance(held, Held):
                return held
            try:
                return await self._take(held, told)
            except JournalLost:
                return CLOSED

    @asynccontextmanager
    async def _turn(self, order_id: str) -> AsyncIterator[None]:
        turn = self.turns.setdefault(order_id, Turn())
        turn.count += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.count -= 1
            if not turn.count:
                del self.turns[order_id]

    async def _find(self, order_id: str, who: Caller) -> Held | Answer:
        """In memory; else whatever the database knows of it."""
        desks = {
            place.desk_id for place in self.gate.standing.places.values() if place.desk in (who.desks or ())
        }
        known = [
            held
            for desk in desks
            if (held := self.gate.reservations.by_key.get((desk, order_id))) is not None
        ]
        if len(known) == 1 and known[0].decision_id:
            return known[0]
        found = await asyncio.to_thread(_look_up, order_id, who)
        if not found:
            return _unknown(order_id)
        if len(found) > 1:
            return _against(
                "order_id", "ambiguous", order_id, "Two of your desks know this id: use one token each."
            )
        decision, held = found[0]
        if held is None:
            return _against(
                "order_id", "not_allowed", order_id, f"This order was not allowed: {decision.decision}."
            )
        return held

    async def _take(self, held: Held, told: Told) -> Answer:
        current = self.gate.reservations.by_key.get(held.key, held)
        refusal = _refused(current, told)
        if refusal is not None:
            return refusal
        filled = _filled(current, told)
        added = filled - current.filled
        state = ENDS[told.kind]
        unsettled = bool(added or current.fills)
        if not self.gate.ready:
            return CLOSED  # closed while it was looked up: what we hold of it is nobody's any more
        current.busy = True
        try:
            await self.gate.journal.tell(_row(current, told, filled=filled, state=state, unsettled=unsettled))
        finally:
            current.busy = False
        self._apply(current, told, added=added, state=state)
        return 200, msgspec.json.encode(_body(current, told))

    def _apply(self, held: Held, told: Told, *, added: Fraction, state: str) -> None:
        if added:
            held.fills.append(Filled(held.sign * added, told.price, told.as_of))
        held.filled += added
        held.state, held.as_of = state, told.as_of
        if not self.gate.ready:
            return  # closed since it was recorded: memory is read anew, with this event
        if held.key not in self.gate.reservations.by_key:
            self.gate.reservations.add(held)  # it had lapsed, and is told of after all
        self.gate.reservations.note(held)
        self.gate.drop_if_over(held)


def _look_up(order_id: str, who: Caller) -> list[tuple[OrderDecision, Held | None]]:
    """In whatever thread: seldom enough for a connection of its own."""
    try:
        return held_of(order_id, who.desks or ())
    finally:
        connections.close_all()


def _filled(held: Held, told: Told) -> Fraction:
    if told.filled is not None:
        return told.filled
    return abs(held.quantity) if told.kind == "filled" else held.filled


def _refused(held: Held, told: Told) -> Answer | None:
    """Every reason against taking it, the plainest first."""
    filled, whole, name = _filled(held, told), abs(held.quantity), held.key[1]
    if told.as_of > clock.now() + FUTURE:
        return _wrong("as_of", "future", told.as_of.isoformat(), "This time has not come yet.")
    if (held.as_of, held.state, held.filled) == (told.as_of, ENDS[told.kind], filled):
        return _against("order_id", "repeated", name, "This event is recorded already: take it for done.")
    if held.state not in (RESTING, LAPSED):
        return _against("event", "ended", told.kind, f"This order is {held.state} already.", state=held.state)
    if held.as_of is not None and told.as_of < held.as_of:
        message = f"A newer event is known: of {held.as_of.isoformat()}."
        return _against(
            "as_of", "out_of_order", told.as_of.isoformat(), message, stored=held.as_of.isoformat()
        )
    if filled < held.filled:
        message = f"{plain(held.filled)} was filled already: it counts all that was filled so far."
        return _against("filled_quantity", "falls", plain(filled), message)
    if filled > whole or (told.kind == "filled" and filled != whole):
        message = f"The order is for {plain(whole)}; `filled` means all of it."
        return _wrong(
            "filled_quantity", "whole" if filled < whole else "beyond_order", plain(filled), message
        )
    if told.kind == "partial" and not ZERO < filled < whole:
        return _wrong(
            "filled_quantity", "partial", plain(filled), f"More than 0 and less than {plain(whole)}."
        )
    return None


def _row(held: Held, told: Told, *, filled: Fraction, state: str, unsettled: bool) -> Row:
    return {
        "decision_id": held.decision_id,
        "kind": told.kind,
        "filled_quantity": plain(filled),
        "price": None if told.price is None else plain(told.price),
        "as_of": told.as_of,
        "recorded_at": clock.now(),
        "state": state,
        "unsettled": unsettled,
    }


def _body(held: Held, told: Told) -> dict[str, Any]:
    left = abs(held.quantity) - held.filled if held.state == RESTING else ZERO
    return {
        "order_id": held.key[1],
        "event": told.kind,
        "state": held.state,
        "filled_quantity": plain(held.filled),
        "reserved_quantity": plain(left),
    }


def _unknown(order_id: str) -> Answer:
    message = "There is no order of this id that was decided here, or not for you."
    return said(404, "not-found", message, [Refusal("order_id", "unknown", order_id, message)])


def _against(field: str, rule: str, value: str, message: str, **more: str) -> Answer:
    return said(409, rule.replace("_", "-"), message, [Refusal(field, rule, value, message)], **more)


def _wrong(field: str, rule: str, value: str, message: str) -> Answer:
    return said(400, "invalid", message, [Refusal(field, rule, value, message)])
