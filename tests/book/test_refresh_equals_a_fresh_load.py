"""However the facts changed, and however often the book was refreshed in between, it equals a fresh load."""

import random
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import Balance, SubAccount
from accounts.revisions import take_house_revision, take_revision
from margin.book.book import Book
from margin.book.facts import Revisions
from margin.book.snapshot import snapshot
from margin.models import Instrument, PositionVersion
from tests import factories
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db(transaction=True)


class Desk:
    """Random deeds on three accounts and two instruments, each one a transaction."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.accounts = [factories.sub_account(f"C{n}-1") for n in range(3)]
        self.instruments = [factories.instrument(code) for code in ("AAA", "BBB")]
        for account in self.accounts:
            factories.balance(account, "1000")
        self.deeds = [
            self.open,
            self.change,
            self.close,
            self.pay,
            self.new_account,
            self.set_buffer,
            self.nothing,
        ]

    def act(self) -> None:
        self.random.choice(self.deeds)()

    def _position(self, account: SubAccount, of: Instrument, ref: str, revision: int) -> None:
        PositionVersion.objects.create(
            sub_account=account,
            ref=ref,
            instrument=of,
            mode=self.random.choice(["cross", "isolated"]),
            quantity=Decimal(self.random.randint(1, 9)),
            entry_price=100,
            source="sim",
            valid_at=MONDAY_NOON,
            recorded_at=MONDAY_NOON,
            revision_from=revision,
        )

    def open(self) -> None:
        ref = f"r{self.random.random()}"
        with transaction.atomic():
            self._position(
                self.random.choice(self.accounts), self.random.choice(self.instruments), ref, take_revision(1)
            )

    def _end_one(self, *, and_reopen: bool) -> None:
        row = PositionVersion.objects.filter(revision_to=None).order_by("?").first()
        if row is None:
            return
        with transaction.atomic():
            revision = take_revision(1)
            PositionVersion.objects.filter(pk=row.pk).update(revision_to=revision)
            if and_reopen:
                self._position(row.sub_account, row.instrument, row.ref, revision)

    def change(self) -> None:
        self._end_one(and_reopen=True)

    def close(self) -> None:
        self._end_one(and_reopen=False)

    def pay(self) -> None:
        key = self.random.choice(["wallet", "isolated:x"])
        factories.balance(self.random.choice(self.accounts), str(self.random.randint(1, 99)), key=key)

    def new_account(self) -> None:
        if len(self.accounts) < 6:
            with transaction.atomic():
                self.accounts.append(factories.sub_account(f"C{len(self.accounts)}-1"))
                take_house_revision()

    def set_buffer(self) -> None:
        account = self.random.choice(self.accounts)
        if not account.buffers.exists():
            factories.buffer(account.client.desk, "0.1", sub_account=account)

    def nothing(self) -> None:
        take = self.random.choice([1, 0])
        with transaction.atomic():
            take_revision(take)


def everything(book: Book) -> object:
    return (
        book.reached,
        {account: own for account, own in book.positions.items() if own},
        book.holdings,
        [book.account(account_id) for account_id in book.account_ids()],
    )


def take() -> tuple[Revisions, Book]:
    with snapshot(1) as reached:
        return reached, Book.load(1, reached, now=MONDAY_NOON)


@pytest.mark.parametrize("seed", range(4))
def test_refreshing_after_random_deeds_equals_loading_anew(seed: int):
    desk = Desk(seed)
    _, book = take()
    for _ in range(15):
        for _ in range(desk.random.randint(0, 4)):
            desk.act()
        with snapshot(1) as reached:
            book.refresh(reached, now=MONDAY_NOON)
            fresh = Book.load(1, reached, now=MONDAY_NOON)
            assert everything(book) == everything(fresh)


def test_a_book_of_the_past_is_as_it_was():
    desk = Desk(99)
    kept = []
    for _ in range(12):
        desk.act()
        reached, book = take()
        kept.append((reached, {k: dict(v) for k, v in book.positions.items() if v}, book.holdings))
    for reached, positions, holdings in kept:
        past = Book.load_past(1, reached, now=MONDAY_NOON)
        assert {k: v for k, v in past.positions.items() if v} == positions
        assert past.holdings == holdings


def test_a_quiet_refresh_reads_nothing_of_the_book(django_assert_num_queries):
    desk = Desk(1)
    desk.open()
    _, book = take()
    with django_assert_num_queries(4), snapshot(1) as reached:  # begin, isolation level, revisions, commit
        assert book.refresh(reached, now=MONDAY_NOON) == 0


def test_only_changed_rows_are_read():
    desk = Desk(2)
    for _ in range(5):
        desk.open()
    _, book = take()
    desk.open()
    desk.pay()
    with snapshot(1) as reached:
        assert book.refresh(reached, now=MONDAY_NOON) == 2
    assert Balance.objects.count() >= 3
