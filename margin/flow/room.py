"""Where a large shard's figures are written, run by run.

Takes a warm book; gives who is who in it and arrays of its columns' sizes. Made anew where the columns are.
"""

from collections.abc import Mapping

from margin.book.warm import WarmBook
from margin.engine.book_accounts import room_for_accounts, room_for_positions
from margin.engine.book_distances import BookDistances
from margin.engine.types import Mark, Rate
from margin.engine.vector import BookFigures, room_for_prices
from margin.flow.roster import Roster, roster_of

Seen = tuple[Mapping[str, Mark], Mapping[str, Mapping[str, Rate]]]
"""All prices a run looked at: marks, and rates by base."""


class Room:
    """Who is who in a book, and arrays of its columns that each run writes again."""

    def __init__(self, book: WarmBook, before: Roster | None = None) -> None:
        columns = book.columns
        self.columns = columns
        self.seen: Seen | None = None
        self.distances: BookDistances | None = None
        self.roster = roster_of(book, before)
        self.figures = BookFigures(columns)
        self.accounts = room_for_accounts(columns.account_count)
        self.positions = room_for_positions(columns.position_count)
        self.prices = room_for_prices(columns)
