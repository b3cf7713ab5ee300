"""A writer that began first and commits last must not be lost: not by the book, only by a broken cursor."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from accounts.models import Balance, SubAccount
from accounts.revisions import take_revision
from margin.book.book import Book
from margin.book.facts import Revisions
from margin.book.snapshot import snapshot
from margin.models import Instrument, PositionVersion
from tests import factories
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db(transaction=True)
DEADLINE_SECONDS = 90.0


class Writer(threading.Thread):
    """A transaction in a thread of its own: it begins, waits until it is told, ends and commits."""

    def __init__(self, *, begin: Callable[[], None], end: Callable[[], None] = lambda: None) -> None:
        super().__init__(daemon=True)
        self.begin, self.end = begin, end
        self.fault: Exception | None = None
        self.begun, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                self.begin()
                self.begun.set()
                assert self.may_commit.wait(DEADLINE_SECONDS)
                self.end()
        except Exception as fault:  # noqa: BLE001 - handed to the test
            self.fault = fault
        finally:
            connection.close()

    def started(self) -> "Writer":
        self.start()
        assert self.begun.wait(DEADLINE_SECONDS), self.fault
        return self

    def commit(self) -> None:
        self.may_commit.set()
        self.join(DEADLINE_SECONDS)
        assert self.fault is None


class BrokenCursorBook(Book):
    """What everybody writes first: whatever has a higher id than the highest seen is new."""

    highest_id = 0

    def refresh(self, reached: Revisions, *, now: datetime) -> int:
        rows = PositionVersion.objects.filter(pk__gt=self.highest_id)
        taken = self._take_positions(rows, reached.shard)
        self.remember()
        self.reached = reached
        return taken

    def remember(self) -> None:
        ids = [version for own in self.positions.values() for version in own]
        self.highest_id = max([self.highest_id, *ids])


@pytest.fixture
def accounts() -> tuple[SubAccount, SubAccount]:
    return factories.sub_account("SLOW-1"), factories.sub_account("QUICK-1")


@pytest.fixture
def btc() -> Instrument:
    return factories.instrument()


@contextmanager
def moved(book: Book) -> Iterator[Book]:
    with snapshot(1) as reached:
        book.refresh(reached, now=MONDAY_NOON)
    yield book


def load(kind: type[Book]) -> Book:
    with snapshot(1) as reached:
        return kind.load(1, reached, now=MONDAY_NOON)


def refs(book: Book) -> set[str]:
    return {fact.ref for own in book.positions.values() for fact in own.values()}


def reserve_id() -> int:
    """An id from the sequence, as an insert takes one: given out at once, whenever the row is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('margin_positionversion', 'id'))")
        return int(cursor.fetchone()[0])


def open_position(account: SubAccount, of: Instrument, ref: str, number: int | None = None) -> None:
    PositionVersion.objects.create(
        pk=number,
        sub_account=account,
        ref=ref,
        instrument=of,
        mode="cross",
        quantity=1,
        entry_price=100,
        source="sim",
        valid_at=MONDAY_NOON,
        recorded_at=MONDAY_NOON,
        revision_from=take_revision(1),
    )


def wrong_order(accounts: tuple[SubAccount, SubAccount], btc: Instrument, book: Book) -> None:
    """SLOW takes the lower id, QUICK writes and commits, the book is refreshed, then SLOW commits."""
    slow_account, quick_account = accounts
    reserved: list[int] = []
    slow = Writer(
        begin=lambda: reserved.append(reserve_id()),
        end=lambda: open_position(slow_account, btc, "slow", reserved[0]),
    ).started()
    Writer(begin=lambda: open_position(quick_account, btc, "quick")).started().commit()
    with moved(book):
        assert refs(book) == {"quick"}
    slow.commit()
    numbers = dict(PositionVersion.objects.values_list("ref", "pk"))
    assert numbers["slow"] < numbers["quick"]


def test_the_book_sees_the_row_that_commits_late(accounts: tuple[SubAccount, SubAccount], btc: Instrument):
    book = load(Book)
    wrong_order(accounts, btc, book)
    with moved(book):
        assert refs(book) == {"quick", "slow"}


def test_a_cursor_over_ids_loses_it(accounts: tuple[SubAccount, SubAccount], btc: Instrument):
    """If this one fails, the interleaving above proves nothing."""
    book = load(BrokenCursorBook)
    book.remember()
    wrong_order(accounts, btc, book)
    with moved(book):
        assert refs(book) == {"quick"}


def test_revisions_are_taken_one_after_the_other(accounts: tuple[SubAccount, SubAccount], btc: Instrument):
    """The second writer waits for the first one's commit: no lower revision can appear after a higher."""
    slow_account, quick_account = accounts
    slow = Writer(begin=lambda: open_position(slow_account, btc, "slow")).started()
    quick = Writer(begin=lambda: open_position(quick_account, btc, "quick"))
    quick.start()
    assert not quick.begun.wait(0.3)
    slow.commit()
    assert quick.begun.wait(DEADLINE_SECONDS)
    quick.commit()
    numbers = dict(PositionVersion.objects.values_list("ref", "revision_from"))
    assert numbers["slow"] < numbers["quick"]


def test_a_balance_that_commits_late_is_seen_too(accounts: tuple[SubAccount, SubAccount]):
    slow_account, _ = accounts
    for account in accounts:
        factories.balance(account, "100")
    book = load(Book)

    def add(account: SubAccount) -> None:
        Balance.objects.filter(pocket__sub_account=account).update(amount=150, revision=take_revision(1))

    slow = Writer(begin=lambda: add(slow_account)).started()
    with moved(book):
        assert book.holdings[slow_account.pk]["wallet", "USD"] == 100
    slow.commit()
    with moved(book):
        assert book.holdings[slow_account.pk]["wallet", "USD"] == Decimal(150)


def test_a_snapshot_does_not_borrow_an_older_view():
    factories.shard()
    with transaction.atomic(), pytest.raises(RuntimeError, match="its own transaction"), snapshot(1):
        pass
