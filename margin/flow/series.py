"""One sub-account through time: at most one point a step, computed again from what the runs pinned.

Takes a sub-account and a span; gives points, oldest first. The book is loaded once for each change of the
account's own facts or of the house's rules; between those only prices differ.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from accounts.models import SubAccount, Transfer
from margin.book.book import Book
from margin.book.facts import Revisions, Unusable
from margin.book.frame import ShownPrice
from margin.book.marks import Pinned, from_shown
from margin.engine.exact import assess
from margin.flow.recompute import ENGINE_FAULTS, Markets
from margin.flow.show import series_row
from margin.models import PositionVersion, RatePath

RUNS = """
    SELECT DISTINCT ON (floor(extract(epoch FROM at) / %(every)s))
        id, at, seq, shard_revision, house_revision, COALESCE(read_at, committed_at),
        (SELECT jsonb_object_agg(code, prices -> code) FROM unnest(%(codes)s::text[]) AS code
            WHERE prices ? code)::text
    FROM margin_run
    WHERE shard_id = %(shard)s AND state = 'committed' AND at >= %(since)s AND at <= %(until)s
    ORDER BY floor(extract(epoch FROM at) / %(every)s), at DESC, seq DESC
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A run, as far as one account is concerned."""

    run: UUID
    at: datetime
    seq: int
    reached: Revisions
    pinned: Mapping[str, Pinned]
    book: tuple[int, int]
    """Steps in a row with the same one rest on the same book."""


def account_steps(account: SubAccount, *, since: datetime, until: datetime, every_seconds: int) -> list[Step]:
    """The newest run of each step, and what book it rests on."""
    return list(_steps(account, since, until, every_seconds))


def books_of(steps: Sequence[Step]) -> int:
    """How many books their points take to be loaded: ten points cost about as much as one of them."""
    return sum(1 for _ in groupby(steps, key=lambda step: step.book))


def account_history(account: SubAccount, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Each step as a row of figures."""
    points: list[dict[str, Any]] = []
    for _, alike in groupby(steps, key=lambda step: step.book):
        first, *others = alike
        book = Book.load_past(account.client.shard_id, first.reached, now=first.at, client=account.client_id)
        if account.pk in book.rules.accounts:
            points += [_point(book, account, step) for step in (first, *others)]
    return points


def _changes(account: SubAccount) -> list[int]:
    """The shard's revisions at which a fact of this account changed."""
    held = PositionVersion.objects.filter(sub_account=account).values_list("revision_from", "revision_to")
    into = Transfer.objects.filter(credit__sub_account=account).values_list("credit_revision", flat=True)
    out = Transfer.objects.filter(debit__sub_account=account).values_list("debit_revision", flat=True)
    return sorted({number for number in chain(*held, into, out) if number is not None})


def _steps(account: SubAccount, since: datetime, until: datetime, every_seconds: int) -> Iterator[Step]:
    values: dict[str, Any] = {
        "shard": account.client.shard_id,
        "since": since,
        "until": until,
        "every": every_seconds,
        "codes": _codes(account),
    }
    with connection.cursor() as cursor:
        cursor.execute(RUNS, values)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    changes = _changes(account)
    for run, at, seq, shard, house, read_at, prices in rows:
        book = house, bisect_right(changes, shard)
        yield Step(run, at, seq, Revisions(shard, house, read_at), _pinned(prices), book)


def _codes(account: SubAccount) -> list[str]:
    """Instruments whose marks can matter: those ever held, and those that are rates between assets."""
    held = PositionVersion.objects.filter(sub_account=account).values_list("instrument__code", flat=True)
    return sorted({*held, *RatePath.objects.values_list("instrument__code", flat=True)})


_decoder = msgspec.json.Decoder(dict[str, ShownPrice])


def _pinned(prices: str | None) -> dict[str, Pinned]:
    return {code: from_shown(mark) for code, mark in _decoder.decode(prices or "{}").items()}


def _point(book: Book, account: SubAccount, step: Step) -> dict[str, Any]:
    point = {"at": step.at.isoformat(), "run": step.run, "seq": step.seq}
    fact = book.rules.accounts[account.pk]
    policy = book.rules.desk_of(fact).policy
    try:
        nouns = book.account(account.pk)
        figures = None
        if not isinstance(nouns, Unusable):
            figures = assess(nouns, Markets(book, step.pinned).seen_from(nouns.base), policy)
    except ENGINE_FAULTS:
        figures = None  # the run itself said why, in its log; a series shows the gap
    return point | series_row(figures, policy, book.rules.scales[fact.base])
