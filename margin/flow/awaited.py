"""Prices that are awaited: what a desk that has only begun cannot hold against its feed yet.

A worker says when it began. Until the hard limit of an instrument has gone by since then, an old or absent
price proves no more than that this desk was away, so nobody is told of it. Figures are not touched: they
rest on guard bands, or are unknown, as always.
"""

from datetime import datetime

from margin.engine.types import PriceState
from margin.flow.kept import forgets
from margin.flow.recompute import Computed

AWAITED = (PriceState.STALE, PriceState.MISSING)
_began: list[datetime] = []


def begin(at: datetime) -> None:
    """From here on this process watches. One that never says so has always watched."""
    _began[:] = [at]


@forgets
def forget() -> None:
    _began.clear()


def awaited_in(computed: Computed) -> frozenset[str]:
    """The instruments whose silence counts from the start, and is not over their hard limit yet."""
    if not _began:
        return frozenset()
    watched_seconds = (computed.at - _began[0]).total_seconds()
    guarded = computed.book.rules.guarded
    return frozenset(
        code
        for code, mark in computed.pinned.items()
        if mark.state in AWAITED and 0 <= watched_seconds <= guarded[code].hard_seconds
    )


def awaiting_in(computed: Computed) -> frozenset[int]:
    """The sub-accounts that hold an awaited instrument; all of them while a rate is awaited."""
    awaited = awaited_in(computed)
    if any(edge.instrument in awaited for edge in computed.book.rules.edges):
        return frozenset(computed.accounts)
    return computed.holders_of(awaited) if awaited else frozenset()
