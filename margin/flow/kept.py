"""What was computed of the past, kept for a while: a committed run never changes.

Takes a key and how to make its value; gives the value. Drops what was asked for longest ago. Decides nothing
about what is made, and may be asked from several threads of a server.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Drop = Callable[[], None]
_drops: list[Drop] = []


def forgets(drop: Drop) -> Drop:
    """Marks what drops all that a module keeps of a database between two questions."""
    _drops.append(drop)
    return drop


def forget_all() -> None:
    """Another database has runs and revisions of its own under the same numbers: so has each test's."""
    for drop in _drops:
        drop()


class Kept(Generic[K, V]):
    """The last few values, the last asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._alone = Lock()
        forgets(self.forget)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """One at a time: making is work of the processor, and two would make the same."""
        with self._alone:
            found = self._values[key] if key in self._values else make()
            self._values[key] = found
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            return found

    def forget(self) -> None:
        with self._alone:
            self._values.clear()
