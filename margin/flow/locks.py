"""Who writes to a shard, one after the other."""

from collections.abc import Iterable

from accounts.models import Shard, SubAccount


def lock_shards(accounts: Iterable[SubAccount]) -> list[int]:
    """Hold the shards of these accounts, ascending: what is read from here on stays so until the commit.

    The same row carries the revision, so this is the lock a writer takes anyway, only earlier.
    """
    numbers = {account.client.shard_id for account in accounts}
    rows = Shard.objects.select_for_update(no_key=True).filter(number__in=numbers).order_by("number")
    return [row.number for row in rows]
