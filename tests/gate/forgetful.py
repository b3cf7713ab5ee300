"""A gate that is broken on purpose: it answers first and commits a moment later. A test must catch it."""

import asyncio

from margin.gate.journal import Done, Journal, Recorded, Row
from margin.gate.serve import application

LATER_SECONDS = 0.05
committed = Journal.decide


def at_once(self: Journal, row: Row, done: Done) -> None:
    asyncio.get_running_loop().call_later(LATER_SECONDS, committed, self, row, lambda recorded: None)
    done(Recorded(1))


Journal.decide = at_once  # type: ignore[method-assign]
__all__ = ["application"]
