"""One sub-account through time: at most one point a step, computed again from what the runs pinned.

Takes a sub-account and a span; gives points, oldest first. The book is loaded once for each change of the
account's own facts or of the house's rules; between those only prices differ.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
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


def account_history(
    account: SubAccount, *, since: datetime, until: datetime, every_seconds: int
) -> list[dict[str, Any]]:
    """The newest run of each step, as a row of figures."""
    changes = _changes(account)
    points: list[dict[str, Any]] = []
    book, stands_for = None, None
    for step in _steps(account, since, until, every_seconds):
        place = step.reached.house, bisect_right(changes, step.reached.shard)
        if book is None or place != stands_for:
            shard = account.client.shard_id
            book = Book.load_past(shard, step.reached, now=step.at, client=account.client_id)
            stands_for = place
        if account.pk in book.rules.accounts:
            points.append(_point(book, account, step))
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
    for run, at, seq, shard, house, read_at, prices in rows:
        yield Step(run, at, seq, Revisions(shard, house, read_at), _pinned(prices))


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
