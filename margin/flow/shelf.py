"""The warm books of this process, one a shard.

Takes a shard, inside a snapshot; gives its book moved forward to the snapshot's revisions, loaded anew where
there is none. After a fault the book is thrown away: a half-moved one must not be used.
"""

from datetime import datetime

from margin.book.book import Book
from margin.book.facts import Revisions
from margin.flow.recompute import Memory

_books: dict[int, Book] = {}
_memories: dict[int, Memory] = {}


def current(shard: int, reached: Revisions, *, now: datetime) -> tuple[Book, int]:
    """The book at these revisions, and how many facts were read for it."""
    book = _books.pop(shard, None)
    if book is None or reached.shard < book.reached.shard or reached.house < book.reached.house:
        book = Book.load(shard, reached, now=now)
        changed = sum(len(own) for own in book.positions.values())
    else:
        changed = book.refresh(reached, now=now)
    _books[shard] = book
    return book, changed


def memory_of(shard: int) -> Memory:
    """The figures of the run before, to be kept for accounts that nothing has touched."""
    return _memories.setdefault(shard, {})


def forget(shard: int) -> None:
    _books.pop(shard, None)
    _memories.pop(shard, None)
