"""What a carrier is: it takes one claimed delivery and gives what became of it.

A carrier is opened at the first delivery of its channel in a pass and closed when the pass ends. It never
touches a row, never retries, and names every fault of its way; the outbox writes down what it says.
"""

from dataclasses import dataclass
from typing import Protocol

from margin.models import Delivery


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side, or we, will never take it: a person is told."""

    error: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now. `broken`: the way is gone with it, so the rest of its channel waits for the next pass."""

    error: str
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody to hand anything to: nothing is said about the delivery, and it costs no attempt."""

    error: str


Outcome = Sent | Refused | Retry | Unreachable


class Carrier(Protocol):
    """One way out, for the length of a pass. Nothing it does may last longer than the outbox's lease."""

    def __enter__(self) -> "Carrier": ...

    def __exit__(self, *fault: object) -> None: ...

    def carry(self, delivery: Delivery) -> Outcome: ...
