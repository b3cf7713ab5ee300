"""A large shard's book in columns: what the compiled engine computes, and any single account in exact nouns.

Takes committed facts by COPY; gives columns sorted by account and pool, kept current by revision, and for the
accounts that are asked for the very nouns that `Book` gives. An account whose terms the columns cannot carry
is flagged, so that it is always decided exactly.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Buffers
from margin.book.book import Book
from margin.book.copied import Texts
from margin.book.facts import PositionFact, Revisions, Rules
from margin.book.load_rules import load_rules
from margin.book.warm_pools import NO_ROW, Pools, pools_of_rows
from margin.book.warm_rows import (
    ISOLATED,
    WarmRows,
    changed_accounts,
    read_rows,
    spliced,
)
from margin.book.warm_tables import WarmTables, buffers_of, tables_of
from margin.engine import columns as engine
from margin.engine.columns import Columns
from margin.engine.rational import Fraction
from margin.engine.types import WALLET, Holding, Mode


class WarmBook(Book):
    """Made by `load_book`, moved forward by `refresh`, both inside a snapshot."""

    tables: WarmTables

    def __init__(self, shard: int, reached: Revisions, rules: Rules, rows: WarmRows) -> None:
        super().__init__(shard, reached, rules)
        self._made_of: Rules | None = None
        self._settle(rows)

    def _settle(self, rows: WarmRows) -> None:
        """Everything from the rows and the rules."""
        self.ids = np.array(sorted(self.rules.accounts), dtype=np.int64)
        self.rows_of_ids = {account_id: row for row, account_id in enumerate(self.ids.tolist())}
        self.long_held, self.long_owned = rows.long_held, rows.long_owned
        leverages = np.unique(rows.held["leverage"])
        self._keep_tables([Fraction(repr(x)) for x in leverages.tolist() if x])
        held, owned = rows.held, rows.owned
        account: NDArray[Any] = np.asarray(np.searchsorted(self.ids, held["account"]))
        owner: NDArray[Any] = np.asarray(np.searchsorted(self.ids, owned["account"]))
        pools = pools_of_rows(
            len(self.ids),
            (account, held["isolated"], held["ref"]),
            (owner, owned["isolated"], owned["ref"]),
        )
        known = np.array(sorted(self.tables.row_of), dtype=np.int64)
        rows_of_known = np.array([self.tables.row_of[number] for number in known.tolist()], dtype=np.int64)
        instrument = (
            rows_of_known[np.searchsorted(known, held["instrument"])] if len(known) else held["instrument"]
        )
        order = np.argsort(
            (pools.of_held.astype(np.int64) << 20) | (instrument << 1) | (held["quantity"] < 0), kind="stable"
        )
        self._name_pools(pools, held["ref"], owned["ref"])
        self.quantity, self.entry = held["quantity"][order], held["entry"][order]
        self.refs = held["ref"].take(order)
        lever: NDArray[Any] = np.asarray(np.searchsorted(leverages, held["leverage"])) + (
            0 if 0.0 in leverages else 1
        )
        self.columns = self._columns(
            pools, instrument[order].astype(np.uint16), lever[order].astype(np.uint16), owned
        )

    def _keep_tables(self, leverages: list[Fraction]) -> None:
        """Made anew where the rules are, or where somebody has chosen a leverage that nobody had."""
        anew = self._made_of is not self.rules
        if anew or self.tables.leverages != tuple(leverages):
            self.tables = tables_of(self.rules, leverages)
        if anew:
            self._owned = self._of_accounts()
        self._made_of = self.rules

    def _name_pools(self, pools: Pools, held: Texts, owned: Texts) -> None:
        """An isolated pool is named by its position, or by its pocket where that is all there is."""
        by_held = np.where(pools.held != NO_ROW, pools.held, len(held) + pools.owned)
        isolated = (pools.held != NO_ROW) | (pools.owned != NO_ROW)
        self.pool_isolated = isolated
        every = held + owned
        self.pool_names = every.take(by_held[isolated])
        self.pool_name_row = np.cumsum(isolated) - 1

    def _columns(
        self,
        pools: Pools,
        instrument: NDArray[np.uint16],
        lever: NDArray[np.uint16],
        owned: dict[str, NDArray[np.float64]],
    ) -> Columns:
        """Every column, each from those above it: cut in two, both halves would pass them all on."""
        tables, count = self.tables, len(pools.held)
        rules = tables.rules
        pool_account = np.repeat(np.arange(len(self.ids)), np.diff(pools.account_start))
        pool_start = np.zeros(count + 1, dtype=np.int32)
        np.cumsum(np.bincount(pools.of_held, minlength=count), out=pool_start[1:])
        balance_start = np.zeros(count + 1, dtype=np.int32)
        np.cumsum(np.bincount(pools.of_owned, minlength=count), out=balance_start[1:])
        sizes = np.array([float(i.contract_size) for i in tables.instruments], dtype=np.float64)
        size = self.quantity * sizes[instrument]
        with np.errstate(divide="ignore", invalid="ignore"):
            entries = np.where(rules.inverse[instrument], size / self.entry, size * self.entry)
        assets = np.array([rules.assets.index(code) for code in tables.asset_ids], dtype=np.int64)
        ids = np.array(list(tables.asset_ids.values()), dtype=np.int64)
        by_id = np.argsort(ids)
        asset = assets[by_id][np.searchsorted(ids[by_id], owned["asset"])].astype(np.uint16)
        base, desk, buffer = self._owned
        own_base = np.array([rules.assets.index(code) for code in tables.bases], dtype=np.int64)
        special = self._special(instrument, pool_start)
        owner = np.repeat(np.arange(count), np.diff(balance_start))
        foreign = asset != own_base[base[pool_account[owner]]]
        special |= np.bincount(owner[~tables.counted[asset] & foreign], minlength=count) > 0
        return Columns(
            instrument=instrument,
            lever=lever,
            size=size,
            entries=entries,
            pool_start=pool_start,
            pool_base=base[pool_account],
            pool_desk=desk[pool_account],
            pool_flags=engine.flags_of(special, instrument, pool_start),
            pool_buffer=buffer[pool_account],
            balance_start=balance_start,
            balance_asset=asset,
            balance_amount=owned["amount"],
            account_start=pools.account_start,
        )

    def _special(self, instrument: NDArray[np.uint16], pool_start: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Pools that hold what columns cannot carry: its terms, or an entry that no price can be."""
        rules, count = self.tables.rules, len(pool_start) - 1
        odd = ~self.tables.carried[instrument] | ((self.entry <= 0) & ~rules.may_be_negative[instrument])
        return np.bincount(np.repeat(np.arange(count), np.diff(pool_start))[odd], minlength=count) > 0

    def _of_accounts(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
        """By account: base currency, desk and house buffer."""
        bases = {code: k for k, code in enumerate(self.tables.bases)}
        desks = {desk: k for k, desk in enumerate(self.tables.desks)}
        facts = [self.rules.accounts[account_id] for account_id in self.ids.tolist()]
        clients = self.rules.clients
        return (
            np.array([bases[fact.base] for fact in facts], dtype=np.uint8),
            np.array([desks[clients[fact.client_id].desk_id] for fact in facts], dtype=np.uint8),
            np.array(buffers_of(self.rules, self._buffers, facts), dtype=np.float64),
        )

    def refresh(self, reached: Revisions, *, now: datetime) -> int:
        """Take what was committed since. Accounts of which anything changed are read again, whole."""
        changed = 0
        rows: WarmRows | None = None
        if reached.shard > self.reached.shard:
            accounts = changed_accounts(self.shard, self.reached.shard)
            if accounts:
                rows = spliced(self._rows(), read_rows(self.shard, reached.shard, accounts), accounts)
            changed += len(accounts)
        if reached.house > self.reached.house:
            rows = rows or self._rows()
            self.rules = load_rules(self.shard, reached.house, now=now)
            self._buffers = Buffers(self.rules)
            changed += 1
        if rows is not None:
            self._built.clear()
            self._settle(rows)
        self.reached = reached
        return changed

    def _rows(self) -> WarmRows:
        """The columns as the rows they were made of."""
        columns, tables = self.columns, self.tables
        counts, owned_counts = np.diff(columns.pool_start), np.diff(columns.balance_start)
        instrument_ids = np.zeros(len(tables.instruments), dtype=np.int64)
        for number, row in tables.row_of.items():
            instrument_ids[row] = number
        asset_ids = np.array([tables.asset_ids[code] for code in tables.rules.assets], dtype=np.int64)
        levers = np.array([0.0, *(float(leverage) for leverage in tables.leverages)])
        pool_ids = self.ids[self.pool_account]
        names = self.pool_names
        blank = len(names)
        with_blank = Texts(names.data, np.append(names.start, names.start[-1]))
        name_of = np.where(self.pool_isolated, self.pool_name_row, blank)
        return WarmRows(
            {
                "account": np.repeat(pool_ids, counts),
                "instrument": instrument_ids[columns.instrument],
                "isolated": np.repeat(self.pool_isolated, counts).astype(np.int64),
                "quantity": self.quantity,
                "entry": self.entry,
                "leverage": levers[columns.lever],
                "ref": self.refs,
            },
            {
                "account": np.repeat(pool_ids, owned_counts),
                "asset": asset_ids[columns.balance_asset],
                "isolated": np.repeat(self.pool_isolated, owned_counts).astype(np.int64),
                "amount": columns.balance_amount,
                "ref": with_blank.take(np.repeat(name_of, owned_counts)),
            },
            self.long_held,
            self.long_owned,
        )

    @property
    def position_count(self) -> int:
        return self.columns.position_count

    @property
    def pool_account(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.ids)), np.diff(self.columns.account_start))

    def pool_name(self, pool: int) -> str:
        return (
            f"{ISOLATED}{self.pool_names[self.pool_name_row[pool]]}" if self.pool_isolated[pool] else "cross"
        )

    def held_by(self, account_id: int) -> range:
        """The rows of an account's positions."""
        row, starts = self.rows_of_ids[account_id], self.columns.account_start
        first, last = self.columns.pool_start[starts[row]], self.columns.pool_start[starts[row + 1]]
        return range(int(first), int(last))

    def facts_of(self, account_id: int) -> list[PositionFact]:
        """The open positions of a sub-account, by ref; venue and strategy are not carried."""
        return sorted(self._facts(account_id), key=lambda fact: fact.ref)

    def _facts(self, account_id: int) -> Iterator[PositionFact]:
        row = self.rows_of_ids[account_id]
        columns, starts = self.columns, self.columns.account_start
        ids = self._instrument_ids
        for pool in range(int(starts[row]), int(starts[row + 1])):
            mode = Mode.ISOLATED if self.pool_isolated[pool] else Mode.CROSS
            for p in range(int(columns.pool_start[pool]), int(columns.pool_start[pool + 1])):
                ref = self.refs[p]
                lever = int(columns.lever[p])
                quantity, entry = (
                    Fraction(repr(float(self.quantity[p]))),
                    Fraction(repr(float(self.entry[p]))),
                )
                leverage = self.tables.leverages[lever - 1] if lever else None
                if (account_id, ref) in self.long_held:
                    quantity, entry, leverage = self.long_held[account_id, ref]
                yield PositionFact(
                    0, account_id, ref, ids[columns.instrument[p]], mode, quantity, entry, leverage, "", ""
                )

    @property
    def _instrument_ids(self) -> dict[int, int]:
        return {row: number for number, row in self.tables.row_of.items()}

    def _holdings_of(self, account_id: int) -> Iterable[Holding]:
        return sorted(self._holdings(account_id), key=lambda one: (one.pocket, one.asset))

    def _holdings(self, account_id: int) -> Iterator[Holding]:
        row = self.rows_of_ids[account_id]
        columns, starts, assets = self.columns, self.columns.account_start, self.tables.rules.assets
        for pool in range(int(starts[row]), int(starts[row + 1])):
            name = self.pool_name(pool)
            pocket, ref = (name, name.removeprefix(ISOLATED)) if self.pool_isolated[pool] else (WALLET, "")
            for b in range(int(columns.balance_start[pool]), int(columns.balance_start[pool + 1])):
                asset = assets[columns.balance_asset[b]]
                amount = Fraction(repr(float(columns.balance_amount[b])))
                yield Holding(pocket, asset, self.long_owned.get((account_id, ref, asset), amount))
