"""Step 2 for a shard of any size: in exact arithmetic as a whole, or in columns with exact decisions.

Takes a book and the pinned marks; gives its figures. Which way it goes is a property of the book alone, so a
replay goes the same.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from margin.book.book import Book
from margin.book.marks import Pinned
from margin.book.warm import WarmBook
from margin.flow.recompute import Computed, Memory, recompute
from margin.flow.room import Room
from margin.flow.sweep import sweep


def compute(
    book: Book,
    pinned: Mapping[str, Pinned],
    at: datetime,
    *,
    keep_alive: Callable[[], None],
    memory: Memory | None = None,
    room: Room | None = None,
) -> Computed:
    """`memory` and `room` are what the run before left for the one way or the other."""
    if isinstance(book, WarmBook):
        return sweep(book, pinned, at, keep_alive=keep_alive, room=room or Room(book))
    return recompute(book, pinned, at, keep_alive=keep_alive, memory=memory)
