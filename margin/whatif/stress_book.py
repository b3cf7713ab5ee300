"""A desk's whole book as its newest runs saw it, ready to be asked what would become of it.

Takes a desk; gives one subject per sub-account with the prices and rates of its run, and names what cannot be
asked. Rests on what the runs pinned, so that the result can be told apart by their names. Writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from accounts.models import Desk
from margin.book.book import Book
from margin.book.facts import Unusable
from margin.book.marks import Pinned
from margin.book.past import pinned_of, reached_by
from margin.book.rates import RateGraph
from margin.book.read import frames
from margin.engine.stress import Subject
from margin.flow.kept import Kept
from margin.flow.recompute import Markets
from margin.models import Run
from riskdesk.errors import Refusal, sure

MOST_ACCOUNTS = 3_000
KEPT: Kept[tuple[str, UUID], "ShardBook"] = Kept(4)
"""Sliders ask the same book again and again."""


@dataclass(frozen=True, slots=True)
class ShardBook:
    """One shard's part. `left_out` are accounts without terms or without a rate to the reporting currency."""

    run: Run
    subjects: Sequence[Subject]
    pinned: Mapping[str, Pinned]
    book: Book
    left_out: Sequence[str]

    def rates_after(self, pinned: Mapping[str, Pinned]) -> RateGraph:
        return RateGraph(self.book.rules.edges, pinned)


def stress_books(desk: Desk) -> list[ShardBook] | Refusal:
    """The desk's part of every shard; no run yet and a book too large are told."""
    found = [frame for frame in frames() if desk.code in frame.desks]
    runs = Run.objects.filter(
        pk__in=[frame.run for frame in found], state=Run.State.COMMITTED, shard_revision__isnull=False
    )
    if not runs:
        return Refusal("desk", "no_run", desk.code, "No run has been committed yet.")
    many = sum(int(frame.desks[desk.code]["accounts"]) for frame in found)
    if many > MOST_ACCOUNTS:
        says = f"This book has {many:,} accounts; the stress lab asks at most {MOST_ACCOUNTS:,} at once."
        return Refusal("desk", "too_large", desk.code, says)
    return [KEPT.get((desk.code, run.pk), partial(_part, desk, run)) for run in runs.order_by("shard")]


def _part(desk: Desk, run: Run) -> ShardBook:
    at = sure(run.at, "a committed run has its instant")
    book = Book.load_past(run.shard_id, reached_by(run), now=at)
    pinned = pinned_of(run)
    markets = Markets(book, pinned)
    currency = desk.reporting_currency.code
    subjects, left_out = [], []
    for account_id in book.account_ids():
        fact = book.rules.accounts[account_id]
        if book.rules.desk_of(fact).code != desk.code:
            continue
        account = book.account(account_id)
        rate = markets.rates.rate(fact.base, currency).value
        if isinstance(account, Unusable) or rate is None:
            left_out.append(fact.code)
            continue
        client = book.rules.clients[fact.client_id].code
        policy = book.rules.desk_of(fact).policy
        subjects.append(Subject(client, account, markets.seen_from(account.base), policy, rate))
    return ShardBook(run, subjects, pinned, book, left_out)
