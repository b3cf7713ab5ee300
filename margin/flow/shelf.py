"""The warm books of this process, one a shard.

Takes a shard, inside a snapshot; gives its book moved forward to the snapshot's revisions, loaded anew where
there is none. After a fault the book is thrown away: a half-moved one must not be used.
"""

from datetime import datetime

from margin.book.book import Book
from margin.book.facts import Revisions
from margin.book.load_book import is_large, load_book
from margin.book.warm import WarmBook
from margin.flow.recompute import Memory
from margin.flow.room import Room

_books: dict[int, Book] = {}
_memories: dict[int, Memory] = {}
_rooms: dict[int, Room] = {}


def current(shard: int, reached: Revisions, *, now: datetime) -> tuple[Book, int]:
    """The book at these revisions, and how many facts were read for it."""
    book = _books.pop(shard, None)
    if book is None or reached.shard < book.reached.shard or reached.house < book.reached.house:
        book = load_book(shard, reached, now=now)
        changed = book.position_count
    else:
        changed = book.refresh(reached, now=now)
        if is_large(book.rules) is not isinstance(book, WarmBook):
            book = load_book(shard, reached, now=now)
    _books[shard] = book
    return book, changed


def memory_of(shard: int) -> Memory:
    """The figures of the run before, to be kept for accounts that nothing has touched."""
    return _memories.setdefault(shard, {})


def room_of(book: Book) -> Room | None:
    """Where a large shard's figures are written, run by run; made anew when its columns are."""
    if not isinstance(book, WarmBook):
        return None
    room = _rooms.get(book.shard)
    if room is None or room.columns is not book.columns:
        before = None if room is None else room.roster
        _rooms.pop(book.shard, None)
        del room  # before the new one: both together are what memory is asked for
        room = _rooms[book.shard] = Room(book, before)
    return room


def forget(shard: int) -> None:
    _books.pop(shard, None)
    _rooms.pop(shard, None)
    _memories.pop(shard, None)
