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


class Kept(Generic[K, V]):
    """The last few values, the last asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._alone = Lock()

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
        """Drop all of it: a test's database has runs of its own."""
        with self._alone:
            self._values.clear()
