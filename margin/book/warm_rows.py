"""What a shard holds, in columns of plain numbers, out of PostgreSQL.

Takes a shard and a revision, inside a snapshot; gives positions and balances sorted by account, pool and
name. What has more digits than a float carries comes beside the columns too, exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from margin.book.copied import REAL, TEXT, WHOLE, Texts, copied, texts_of
from margin.engine.rational import Fraction

HELD = """
    SELECT p.sub_account_id, p.instrument_id, (p.mode = 'isolated')::int::bigint, p.quantity::float8,
        p.entry_price::float8, COALESCE(p.leverage, 0)::float8,
        (p.quantity::float8::numeric <> p.quantity OR p.entry_price::float8::numeric <> p.entry_price
            OR COALESCE(p.leverage::float8::numeric <> p.leverage, false))::int::bigint, p.ref::text
    FROM margin_positionversion p
    JOIN accounts_subaccount s ON s.id = p.sub_account_id
    JOIN accounts_client c ON c.id = s.client_id AND c.shard_id = %(shard)s
    WHERE p.revision_from <= %(revision)s AND (p.revision_to IS NULL OR p.revision_to > %(revision)s)
        AND (%(accounts)s::bigint[] IS NULL OR p.sub_account_id = ANY(%(accounts)s))
    ORDER BY p.sub_account_id, p.mode, p.ref COLLATE "C"
"""
"""PostgreSQL makes a numeric of a float's first fifteen digits: what differs then, has more."""
HELD_KINDS = {
    "account": WHOLE, "instrument": WHOLE, "isolated": WHOLE, "quantity": REAL, "entry": REAL,
    "leverage": REAL, "long": WHOLE, "ref": TEXT,
}  # fmt: skip
LONG_HELD = """
    SELECT sub_account_id, ref, quantity, entry_price, leverage FROM margin_positionversion
    WHERE sub_account_id = ANY(%(accounts)s) AND revision_from <= %(revision)s
        AND (revision_to IS NULL OR revision_to > %(revision)s)
"""
OWNED = """
    SELECT k.sub_account_id, b.asset_id, (k.key <> 'wallet')::int::bigint, b.amount::float8,
        (b.amount::float8::numeric <> b.amount)::int::bigint, substr(k.key, 10)
    FROM accounts_balance b
    JOIN accounts_pocket k ON k.id = b.pocket_id AND k.kind = 'client'
    JOIN accounts_asset a ON a.id = b.asset_id
    JOIN accounts_subaccount s ON s.id = k.sub_account_id
    JOIN accounts_client c ON c.id = s.client_id AND c.shard_id = %(shard)s
    WHERE b.amount <> 0 AND (%(accounts)s::bigint[] IS NULL OR k.sub_account_id = ANY(%(accounts)s))
    ORDER BY k.sub_account_id, k.key <> 'wallet', k.key COLLATE "C", a.code COLLATE "C"
"""
OWNED_KINDS = {
    "account": WHOLE, "asset": WHOLE, "isolated": WHOLE, "amount": REAL, "long": WHOLE, "ref": TEXT,
}  # fmt: skip
LONG_OWNED = """
    SELECT k.sub_account_id, substr(k.key, 10), a.code, b.amount
    FROM accounts_balance b
    JOIN accounts_pocket k ON k.id = b.pocket_id JOIN accounts_asset a ON a.id = b.asset_id
    WHERE k.sub_account_id = ANY(%(accounts)s)
"""
CHANGED = """
    SELECT DISTINCT p.sub_account_id FROM margin_positionversion p
    JOIN accounts_subaccount s ON s.id = p.sub_account_id JOIN accounts_client c ON c.id = s.client_id
    WHERE c.shard_id = %(shard)s AND (p.revision_from > %(since)s OR p.revision_to > %(since)s)
    UNION SELECT k.sub_account_id FROM accounts_balance b JOIN accounts_pocket k ON k.id = b.pocket_id
    JOIN accounts_subaccount s ON s.id = k.sub_account_id JOIN accounts_client c ON c.id = s.client_id
    WHERE c.shard_id = %(shard)s AND b.revision > %(since)s
"""
ISOLATED = "isolated:"

Long = dict[tuple[int, str], tuple[Fraction, Fraction, Fraction | None]]
LongOwned = dict[tuple[int, str, str], Fraction]
Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WarmRows:
    """`held` a position a row, `owned` a balance a row; `long_*` their exact values where a float is not."""

    held: Table
    owned: Table
    long_held: Long
    long_owned: LongOwned


def read_rows(shard: int, revision: int, accounts: Sequence[int] | None = None) -> WarmRows:
    """All of the shard, or of these accounts; balances as they are now."""
    asked = {"shard": shard, "revision": revision, "accounts": None if accounts is None else list(accounts)}
    held, owned = copied(HELD, asked, HELD_KINDS), copied(OWNED, asked, OWNED_KINDS)
    return WarmRows(held, owned, _long_held(held, revision), _long_owned(owned))


def read_past_rows(
    shard: int, revision: int, balances: Iterable[tuple[int, str, str, Fraction]], assets: Mapping[str, int]
) -> WarmRows:
    """As it was at a revision; `balances` are summed from their transfers."""
    held = copied(HELD, {"shard": shard, "revision": revision, "accounts": None}, HELD_KINDS)
    owned = [one for one in balances if one[3]]
    owned.sort(key=lambda one: (one[0], one[1] != "wallet", one[1], one[2]))
    table: Table = {
        "account": np.array([one[0] for one in owned], dtype=np.int64),
        "asset": np.array([assets[one[2]] for one in owned], dtype=np.int64),
        "isolated": np.array([one[1] != "wallet" for one in owned], dtype=np.int64),
        "amount": np.array([float(one[3]) for one in owned], dtype=np.float64),
        "ref": texts_of([one[1].removeprefix(ISOLATED) if one[1] != "wallet" else "" for one in owned]),
    }
    exact = {
        (a, key.removeprefix(ISOLATED) if key != "wallet" else "", asset): n for a, key, asset, n in owned
    }
    long = {key: number for key, number in exact.items() if Fraction(repr(float(number))) != number}
    return WarmRows(held, table, _long_held(held, revision), long)


def changed_accounts(shard: int, since: int) -> list[int]:
    """Those of which a position or a balance was written after a revision."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, {"shard": shard, "since": since})
        return sorted(row[0] for row in cursor.fetchall())


def spliced(old: WarmRows, fresh: WarmRows, accounts: Sequence[int]) -> WarmRows:
    """The old rows with those of these accounts replaced by the fresh ones."""
    gone = np.array(accounts, dtype=np.int64)
    replaced = set(accounts)
    return WarmRows(
        _spliced(old.held, fresh.held, gone),
        _spliced(old.owned, fresh.owned, gone),
        {key: own for key, own in old.long_held.items() if key[0] not in replaced} | fresh.long_held,
        {key: own for key, own in old.long_owned.items() if key[0] not in replaced} | fresh.long_owned,
    )


def _spliced(old: Table, fresh: Table, gone: NDArray[np.int64]) -> Table:
    kept = np.flatnonzero(~np.isin(old["account"], gone))
    account = np.concatenate([old["account"][kept], fresh["account"]])
    order = np.argsort(account, kind="stable")
    joined = {}
    for name, column in old.items():
        if isinstance(column, Texts):
            joined[name] = (column.take(kept) + fresh[name]).take(order)
        else:
            joined[name] = np.concatenate([column[kept], fresh[name]])[order]
    return joined


def _long_held(held: Table, revision: int) -> Long:
    accounts = np.unique(held["account"][held.pop("long") != 0]).tolist()
    if not accounts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LONG_HELD, {"accounts": accounts, "revision": revision})
        return {
            (account, ref): (Fraction(quantity), Fraction(entry), Fraction(leverage) if leverage else None)
            for account, ref, quantity, entry, leverage in cursor.fetchall()
            if any(_is_long(number) for number in (quantity, entry, leverage) if number is not None)
        }


def _long_owned(owned: Table) -> LongOwned:
    accounts = np.unique(owned["account"][owned.pop("long") != 0]).tolist()
    if not accounts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LONG_OWNED, {"accounts": accounts})
        rows: list[tuple[int, str, str, Decimal]] = cursor.fetchall()
    return {(account, ref, asset): Fraction(n) for account, ref, asset, n in rows if _is_long(n)}


def _is_long(number: Decimal) -> bool:
    return Fraction(repr(float(number))) != Fraction(number)
