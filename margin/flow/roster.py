"""Whose rows the columns of a large shard are, and all that is shown of them whatever prices do.

Takes a warm book; gives names, places and groups by row. Made once a book, and anew where it changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.book.copied import Texts, texts_of
from margin.book.facts import AccountFact, ClientFact, Rules
from margin.book.packed import (
    Packed,
    packed_counts,
    packed_named,
    packed_numbers,
    packed_texts,
    packed_words,
    version_of,
)
from margin.book.warm import WarmBook
from margin.book.warm_rows import ISOLATED
from margin.engine.pools import CROSS
from margin.engine.types import Mode
from margin.flow.show import plain


@dataclass(frozen=True, slots=True)
class Names:
    """By row of account (and client): who they are, under one set of rules.

    `members` are the accounts in the order of clients; `by_code` and `code_rank` order accounts by code.
    """

    rules: Rules
    facts: Sequence[AccountFact]
    clients: Sequence[ClientFact]
    client_rows: Mapping[int, int]
    client_of: NDArray[np.int64]
    members: NDArray[np.int64]
    member_start: NDArray[np.int64]
    desk_of: NDArray[np.int64]
    places: NDArray[np.uint8]
    by_code: NDArray[np.int32]
    code_rank: NDArray[np.int32]
    codes: Texts
    shown: dict[str, Packed]


def names_of(book: WarmBook) -> Names:
    rules = book.rules
    facts = [rules.accounts[account_id] for account_id in book.ids.tolist()]
    clients = list(rules.clients.values())
    row_of = {client.id: row for row, client in enumerate(clients)}
    client_of = np.array([row_of[fact.client_id] for fact in facts], dtype=np.int64)
    members = np.argsort(client_of, kind="stable")
    desks = {desk: row for row, desk in enumerate(book.tables.desks)}
    desk_of = np.array([desks[clients[row].desk_id] for row in client_of.tolist()], dtype=np.int64)
    by_code = np.array(sorted(range(len(facts)), key=lambda row: facts[row].code), dtype=np.int32)
    rank = np.empty(len(facts), dtype=np.int32)
    rank[by_code] = np.arange(len(facts), dtype=np.int32)
    codes = texts_of([fact.code for fact in facts])
    return Names(
        rules,
        facts,
        clients,
        row_of,
        client_of,
        members,
        np.asarray(np.searchsorted(client_of[members], np.arange(len(clients) + 1)), dtype=np.int64),
        desk_of,
        np.array([rules.scales[fact.base] for fact in facts], dtype=np.uint8),
        by_code,
        rank,
        codes,
        {
            "account": packed_texts(codes),
            "name": packed_texts(texts_of([fact.name for fact in facts])),
            "client": packed_named(client_of, texts_of([client.code for client in clients]), still=True),
            "client_name": packed_named(client_of, texts_of([client.name for client in clients]), still=True),
            "desk": packed_words([rules.desks[desk].code for desk in desks], desk_of, still=True),
            "mode": _worded([fact.mode for fact in facts]),
            "currency": _worded([fact.base for fact in facts]),
        },
    )


@dataclass(frozen=True, slots=True)
class Roster:
    """Names with what they hold: `held` is where each account's positions begin, `pool_of` by position."""

    names: Names
    position_places: NDArray[np.uint8]
    counts: NDArray[np.int64]
    held: NDArray[np.int32]
    pool_of: NDArray[np.int64]
    held_by_desk: tuple[frozenset[int], ...]
    accounts: dict[str, Packed]
    positions: dict[str, Packed]
    version: str
    """Of all that is shown of them: equal bytes have equal names."""

    @property
    def facts(self) -> Sequence[AccountFact]:
        return self.names.facts

    @property
    def clients(self) -> Sequence[ClientFact]:
        return self.names.clients

    @property
    def client_of(self) -> NDArray[np.int64]:
        return self.names.client_of

    @property
    def desk_of(self) -> NDArray[np.int64]:
        return self.names.desk_of

    def members_of(self, client: int) -> list[int]:
        names = self.names
        rows = names.members[names.member_start[client] : names.member_start[client + 1]]
        return [int(row) for row in rows]


def roster_of(book: WarmBook, before: "Roster | None" = None) -> Roster:
    """Names stay those of the book before while the rules do."""
    columns, kinds = book.columns, len(book.tables.instruments)
    names = before.names if before is not None and before.names.rules is book.rules else names_of(book)
    held = columns.pool_start[columns.account_start].astype(np.int32)
    counts = np.diff(held)
    pool_of = np.repeat(np.arange(columns.pool_count), np.diff(columns.pool_start))
    account_of = np.repeat(np.arange(len(names.facts)), counts)
    desks = len(book.tables.desks)
    by_desk = np.bincount(names.desk_of[account_of] * kinds + columns.instrument, minlength=desks * kinds)
    pool_name = np.where(book.pool_isolated, book.pool_name_row, -1)
    codes = [instrument.code for instrument in book.tables.instruments]
    quantity, entry = _numbers(book)
    accounts = {**names.shown, "positions": packed_counts(counts)}
    positions = {
        "account": packed_named(account_of, names.codes, still=True),
        "ref": packed_texts(book.refs),
        "instrument": packed_words(codes, columns.instrument, still=True),
        "mode": packed_words(
            [Mode.CROSS.value, Mode.ISOLATED.value], book.pool_isolated[pool_of], still=True
        ),
        "quantity": quantity,
        "entry_price": entry,
        "pool": packed_named(pool_name[pool_of], book.pool_names, prefix=ISOLATED, none=CROSS, still=True),
    }
    return Roster(
        names,
        names.places[account_of],
        counts.astype(np.int64),
        held,
        pool_of,
        tuple(frozenset(np.flatnonzero(own).tolist()) for own in by_desk.reshape(desks, kinds)),
        accounts,
        positions,
        version_of(accounts, positions),
    )


def _numbers(book: WarmBook) -> tuple[Packed, Packed]:
    quantity, entry = packed_numbers(book.quantity), packed_numbers(book.entry)
    for (account_id, ref), (exact_quantity, exact_entry, _) in book.long_held.items():
        row = next(row for row in book.held_by(account_id) if book.refs[row] == ref)
        quantity.own[row], entry.own[row] = plain(exact_quantity), plain(exact_entry)
    return quantity, entry


def _worded(words: Sequence[str]) -> Packed:
    each = sorted(set(words))
    place = {word: k for k, word in enumerate(each)}
    return packed_words(each, np.array([place[word] for word in words], dtype=np.int64), still=True)
