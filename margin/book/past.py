"""Balances of the past, out of the ledger.

Takes a shard and one of its revisions; gives what every client pocket held then: the sum of the transfers
whose side in this shard is at or below the revision.
"""

from collections.abc import Iterator

from django.db import connection

from margin.engine.rational import Fraction

SUMS = """
    SELECT p.sub_account_id, p.key, a.code, SUM(m.amount)
    FROM (
        SELECT credit_id AS pocket_id, asset_id, amount FROM accounts_transfer
            WHERE credit_revision <= %(revision)s
        UNION ALL
        SELECT debit_id, asset_id, -amount FROM accounts_transfer WHERE debit_revision <= %(revision)s
    ) m
    JOIN accounts_pocket p ON p.id = m.pocket_id AND p.kind = 'client'
    JOIN accounts_subaccount s ON s.id = p.sub_account_id
    JOIN accounts_client c ON c.id = s.client_id AND c.shard_id = %(shard)s
    JOIN accounts_asset a ON a.id = m.asset_id
    GROUP BY p.sub_account_id, p.key, a.code ORDER BY 1, 2, 3
"""


def balances_at(shard: int, revision: int) -> Iterator[tuple[int, str, str, Fraction]]:
    """(sub-account, pocket key, asset, amount) at a revision."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"shard": shard, "revision": revision})
        for account_id, key, asset, amount in cursor.fetchall():
            yield account_id, key, asset, Fraction(amount)
