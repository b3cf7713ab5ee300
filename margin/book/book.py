"""The book: everything a shard is computed from, kept current by revision.

Takes committed facts out of PostgreSQL; gives the engine's accounts. What changed is whatever carries a
revision above the book's own: revisions are handed out under a row lock, so none below can still appear. A
cursor over a sequence or a time would lose the row that commits late. Never writes to the database.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Balance, Pocket
from margin.book.applies import Buffers, EffectiveBuffer
from margin.book.facts import AccountFact, PositionFact, Revisions, Rules, Unusable
from margin.book.load_market import in_force, optional
from margin.book.load_rules import load_rules
from margin.book.past import balances_at, nouns_at
from margin.engine.rational import Fraction
from margin.engine.types import Account, Holding, Mode, Position
from margin.models import PositionVersion
from riskdesk.errors import sure

Pockets = dict[tuple[str, str], Fraction]


class Book:
    """One shard's facts in memory. Made by `load`, moved forward by `refresh`, both inside a snapshot."""

    def __init__(self, shard: int, reached: Revisions, rules: Rules) -> None:
        self.shard = shard
        self.reached = reached
        self.rules = rules
        self.positions: dict[int, dict[int, PositionFact]] = {}
        self.holdings: dict[int, Pockets] = {}
        self._buffers = Buffers(rules)
        self._built: dict[int, Account | Unusable] = {}

    @classmethod
    def load(cls, shard: int, reached: Revisions, *, now: datetime, rules: Rules | None = None) -> "Book":
        """The book from nothing, as it is at the snapshot's revisions (`rules`: loaded already)."""
        book = cls(shard, reached, rules or load_rules(shard, reached.house, now=now))
        book._take_positions(_positions(shard).filter(in_force(reached.shard)), reached.shard)
        book._take_balances(_balances(shard))
        return book

    @classmethod
    def load_past(cls, shard: int, reached: Revisions, *, now: datetime, client: int | None = None) -> "Book":
        """The book as it was, whole or of one client: balances are summed from their transfers."""
        with nouns_at(sure(reached.read_at, "the past is read at an instant")):
            book = cls(shard, reached, load_rules(shard, reached.house, now=now, client=client))
            rows = _positions(shard).filter(in_force(reached.shard))
            if client is not None:
                rows = rows.filter(sub_account__client=client)
            book._take_positions(rows, reached.shard)
            for account_id, key, asset, amount in balances_at(shard, reached.shard, client=client):
                book.holdings.setdefault(account_id, {})[key, asset] = amount
        return book

    @classmethod
    def of_account(cls, account_id: int, *, shard: int, reached: Revisions, rules: Rules) -> "Book":
        """One sub-account alone, as a writer's own transaction sees it before it commits."""
        book = cls(shard, reached, rules)
        open_now = _positions(shard).filter(sub_account=account_id, revision_to__isnull=True)
        book._take_positions(open_now, reached.shard)
        book._take_balances(_balances(shard).filter(pocket__sub_account=account_id))
        return book

    def under(self, rules: Rules) -> "Book":
        """The same positions and balances under other rules; this book stays as it is."""
        book = Book(self.shard, self.reached, rules)
        book.positions, book.holdings = self.positions, self.holdings
        return book

    def refresh(self, reached: Revisions, *, now: datetime) -> int:
        """Take what was committed since; gives the number of changed facts. The book never goes back."""
        changed = 0
        if reached.house > self.reached.house:
            self.rules = load_rules(self.shard, reached.house, now=now)
            self._buffers = Buffers(self.rules)
            self._built.clear()
            changed += 1
        if reached.shard > self.reached.shard:
            since = self.reached.shard
            moved = Q(revision_from__gt=since) | Q(revision_to__gt=since)
            changed += self._take_positions(_positions(self.shard).filter(moved), reached.shard)
            changed += self._take_balances(_balances(self.shard).filter(revision__gt=since))
        self.reached = reached
        return changed

    def _take_positions(self, rows: "QuerySet[PositionVersion]", reached: int) -> int:
        found = list(rows)
        for row in found:
            own = self.positions.setdefault(row.sub_account_id, {})
            self._built.pop(row.sub_account_id, None)
            if row.revision_to is None or row.revision_to > reached:
                own[row.pk] = _position_fact(row)
            else:
                own.pop(row.pk, None)
        return len(found)

    def _take_balances(self, rows: "QuerySet[Balance]") -> int:
        found = list(rows.values_list("pocket__sub_account_id", "pocket__key", "asset__code", "amount"))
        for owner, key, asset, amount in found:
            account_id = sure(owner, "client pockets have an account")
            self._built.pop(account_id, None)
            self.holdings.setdefault(account_id, {})[key, asset] = Fraction(amount)
        return len(found)

    @property
    def position_count(self) -> int:
        return sum(len(own) for own in self.positions.values())

    def account(self, account_id: int) -> Account | Unusable:
        """One sub-account in the engine's nouns; kept until a fact of it changes."""
        if account_id not in self._built:
            self._built[account_id] = self._build(account_id)
        return self._built[account_id]

    def buffer_of(self, account: AccountFact) -> EffectiveBuffer:
        """The house buffer laid on a sub-account, and where it comes from."""
        return self._buffers.of(account)

    def account_ids(self) -> Iterator[int]:
        """Every sub-account of the shard, by code."""
        return iter(self.rules.accounts)

    def facts_of(self, account_id: int) -> list[PositionFact]:
        """The open positions of a sub-account, by ref."""
        return sorted(self.positions.get(account_id, {}).values(), key=lambda fact: fact.ref)

    def _build(self, account_id: int) -> Account | Unusable:
        fact = self.rules.accounts[account_id]
        if because := self._unusable(account_id):
            return Unusable(fact.code, fact.base, because)
        buffer = self._buffers.of(fact)
        return Account(
            code=fact.code,
            base=fact.base,
            positions=tuple(self._positions_of(account_id)),
            holdings=tuple(self._holdings_of(account_id)),
            terms=self.rules.terms,
            buffer=buffer.buffer,
            buffer_source=buffer.source,
        )

    def _unusable(self, account_id: int) -> tuple[str, ...]:
        """Why the engine cannot be asked at all: an instrument whose terms are broken."""
        held = {fact.instrument_id for fact in self.facts_of(account_id)}
        codes = {guarded.id: code for code, guarded in self.rules.guarded.items()}
        broken = sorted(codes[number] for number in held - self.rules.instruments.keys())
        return tuple(f"{code}: {self.rules.faults[code]}" for code in broken)

    def _positions_of(self, account_id: int) -> Iterable[Position]:
        for fact in self.facts_of(account_id):
            yield Position(
                ref=fact.ref,
                instrument=self.rules.instruments[fact.instrument_id],
                mode=fact.mode,
                quantity=fact.quantity,
                entry_price=fact.entry_price,
                leverage=fact.leverage,
                venue=fact.venue,
                strategy=fact.strategy,
            )

    def _holdings_of(self, account_id: int) -> Iterable[Holding]:
        for (key, asset), amount in sorted(self.holdings.get(account_id, {}).items()):
            if amount:
                yield Holding(key, asset, amount)


def _positions(shard: int) -> "QuerySet[PositionVersion]":
    _must_be_in_snapshot()
    return PositionVersion.objects.filter(sub_account__client__shard=shard).select_related("venue")


def _balances(shard: int) -> "QuerySet[Balance]":
    _must_be_in_snapshot()
    return Balance.objects.filter(pocket__kind=Pocket.Kind.CLIENT, pocket__sub_account__client__shard=shard)


def _must_be_in_snapshot() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a book is read inside one snapshot, or its parts would disagree")


def _position_fact(row: PositionVersion) -> PositionFact:
    return PositionFact(
        version=row.pk,
        account_id=row.sub_account_id,
        ref=row.ref,
        instrument_id=row.instrument_id,
        mode=Mode(row.mode),
        quantity=Fraction(row.quantity),
        entry_price=Fraction(row.entry_price),
        leverage=optional(row.leverage),
        venue=row.venue.code if row.venue else "",
        strategy=row.strategy,
    )
