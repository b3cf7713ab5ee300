"""Replay: a stored run computed again from its pinned inputs, and what differs from what it said then.

Takes a committed run; gives its figures anew. Reads only what the run pinned: prices, revisions, the instant.
Writes nothing. Equal engine versions must give equal digests; what differs otherwise is named figure by
figure, as far as the run kept figures: its desk sums always, its rows while a whole frame of it is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from margin.book.applies import Caps
from margin.book.book import Book
from margin.book.frame import Columns, Frame, rows_of
from margin.book.load_book import load_past_book
from margin.book.past import pinned_of, reached_by
from margin.book.read import newest_frame
from margin.book.version import engine_version
from margin.flow.compose_frame import Composed, compose_frame
from margin.flow.compute import compute
from margin.flow.recompute import Computed
from margin.models import Run
from riskdesk.errors import sure


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that came out otherwise. `place` names its row."""

    place: str
    figure: str
    then: object
    now: object


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run and its figures as computed now."""

    run: Run
    digest: str
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        return self.digest == self.run.figures_digest

    @property
    def same_engine(self) -> bool:
        return self.run.engine_version == engine_version()


def compute_again(run: Run, *, client: int | None = None) -> tuple[Computed, Composed]:
    """All figures of a committed run, or those of one client, from the inputs it pinned."""
    at = sure(run.at, "a committed run has its instant")
    if client is None:
        book = load_past_book(run.shard_id, reached_by(run), now=at)
    else:
        book = Book.load_past(run.shard_id, reached_by(run), now=at, client=client)
    computed = compute(book, pinned_of(run), at, keep_alive=lambda: None)
    return computed, compose_frame(computed, Caps(book.rules, at), run=run)


def replay(run: Run) -> Replayed:
    """The whole run, compared."""
    _, composed = compute_again(run)
    kept = newest_frame(run.shard_id)
    whole = kept if kept is not None and kept.run == str(run.pk) else None
    return Replayed(run, composed.digest, tuple(_differences(run, whole, composed)))


def _differences(run: Run, kept: Frame | None, composed: Composed) -> Iterator[Difference]:
    now = {f"desk {code}": part for code, part in msgspec.to_builtins(composed.desks).items()}
    yield from _compare({f"desk {code}": part for code, part in run.partials.items()}, now)
    if kept is not None:
        yield from _compare(_accounts(kept.accounts), _accounts(composed.accounts))
        yield from _compare(_positions(kept.positions), _positions(composed.positions_columns))


def _accounts(columns: Columns) -> dict[str, Mapping[str, Any]]:
    """Without their control, which is imposed and not computed."""
    found = {name: column for name, column in columns.items() if name != "control"}
    return {f"account {row['account']}": row for row in rows_of(found)}


def _positions(columns: Columns) -> dict[str, Mapping[str, Any]]:
    return {f"position {row['account']} {row['ref']}": row for row in rows_of(columns)}


def _compare(
    then: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> Iterable[Difference]:
    for place in sorted(then.keys() | now.keys()):
        before, after = then.get(place, {}), now.get(place, {})
        for figure in sorted(before.keys() | after.keys()):
            if before.get(figure) != after.get(figure):
                yield Difference(place, figure, before.get(figure), after.get(figure))
