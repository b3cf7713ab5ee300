"""A way out that no desk has: pigeons, to prove that another is a few lines and no more."""

from typing import Self

from margin.models import Delivery
from margin.notify.carrier import Outcome, Sent


class Loft:
    """Pigeons: what they carried, and how they answer."""

    def __init__(self) -> None:
        self.carried: list[str] = []
        self.answer: Outcome = Sent()
        self.opened = self.closed = 0

    def __enter__(self) -> Self:
        self.opened += 1
        return self

    def __exit__(self, *fault: object) -> None:
        self.closed += 1

    def carry(self, delivery: Delivery) -> Outcome:
        self.carried.append(delivery.recipient)
        return self.answer
