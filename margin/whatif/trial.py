"""A change as if it were in force already, and the books it would meet.

Takes a change in plain JSON; gives each shard's book as it is and the rules as they would be, or refusals.
The change is written by the function that approval uses and read by the loader of every run, in one
transaction that is always undone: nothing is guessed, and nothing stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import SerializationFailure

from accounts.models import HOUSE, Proposal, Shard
from accounts.models.columns import ProposedVersion
from margin.book.book import Book
from margin.book.facts import Revisions, Rules
from margin.book.load_rules import load_buffers, load_excesses, load_limits, load_rules
from margin.flow.change import put_in_force
from margin.flow.kept import forgets
from margin.flow.versions import build
from riskdesk.errors import Refusal

_books: dict[int, Book] = {}
"""Warm books of this process, moved forward by revision; used by one trial at a time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One shard: what stands, and the rules that would come."""

    book: Book
    rules: Rules


def try_rules(
    kind: str, change: Mapping[str, Any], *, shards: Sequence[int], at: datetime
) -> dict[int, Trial] | list[Refusal]:
    """By shard. `at` is the instant the figures are for: the change is tried as if it took effect then.

    Whoever approves something in the same moment comes first; the trial is then made once more.
    """
    try:
        return _tried(kind, change, shards=shards, at=at)
    except OperationalError as fault:
        if not isinstance(fault.__cause__, SerializationFailure) or connection.in_atomic_block:
            raise
    return _tried(kind, change, shards=shards, at=at)


def _tried(
    kind: str, change: Mapping[str, Any], *, shards: Sequence[int], at: datetime
) -> dict[int, Trial] | list[Refusal]:
    with _undone():
        candidate = build(kind, change, valid_at=at)
        if isinstance(candidate, list):
            return candidate
        books = {shard: _book(shard, at) for shard in shards}
        house = Shard.objects.get(number=HOUSE).revision
        if isinstance(candidate.version, ProposedVersion):
            candidate.version.valid_at = at
        put_in_force(candidate, None, None, house + 1, at)
        return {shard: Trial(book, _rules(kind, book, house + 1, at)) for shard, book in books.items()}


@contextmanager
def _undone() -> Iterator[None]:
    """One view of the database, left as it was. Inside a caller's transaction the view is the caller's."""
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _book(shard: int, at: datetime) -> Book:
    numbers = dict(Shard.objects.filter(number__in=(HOUSE, shard)).values_list("number", "revision"))
    reached = Revisions(numbers[shard], numbers[HOUSE])
    book = _books.pop(shard, None)
    if book is None or reached.shard < book.reached.shard or reached.house < book.reached.house:
        book = Book.load(shard, reached, now=at)
    else:
        book.refresh(reached, now=at)
    _books[shard] = book
    return book


def _rules(kind: str, book: Book, revision: int, at: datetime) -> Rules:
    """Only what this kind of change can move is read again."""
    if kind == Proposal.Kind.LIMIT:
        return replace(book.rules, revision=revision, limits=load_limits(revision, at))
    if kind == Proposal.Kind.EXCESS:
        return replace(book.rules, revision=revision, excesses=load_excesses(revision))
    if kind == Proposal.Kind.BUFFER:
        return replace(book.rules, revision=revision, buffers=load_buffers(revision))
    return load_rules(book.shard, revision, now=at)


@forgets
def forget() -> None:
    _books.clear()
