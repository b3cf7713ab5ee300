"""Pools of sorted rows: whose money stands behind which positions, for a whole shard at once.

Takes positions and balances sorted by account, the cross pool's first, then by the name of the pocket; gives
the pool of each row. The same pools in the same order as `engine.pools.pools_of`.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0917

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from margin.book.copied import Bytes, Places, Texts
from margin.engine.columns import Ints
from margin.engine.compiled import kernel

NO_ROW = -1


class Pools(NamedTuple):
    """`of_held` and `of_owned` by row; `held` and `owned` by pool: a row that names it, -1 for none."""

    of_held: NDArray[np.int32]
    of_owned: NDArray[np.int32]
    account_start: NDArray[np.int32]
    held: NDArray[np.int32]
    owned: NDArray[np.int32]


def pools_of_rows(
    accounts: int,
    held: tuple[Ints, Ints, Texts],
    owned: tuple[Ints, Ints, Texts],
) -> Pools:
    """`held` and `owned` are account (0, 1, …), isolated or not, and ref, by row."""
    most = accounts + len(held[0]) + len(owned[0])
    made = Pools(
        np.empty(len(held[0]), dtype=np.int32),
        np.empty(len(owned[0]), dtype=np.int32),
        np.empty(accounts + 1, dtype=np.int32),
        np.full(most, NO_ROW, dtype=np.int32),
        np.full(most, NO_ROW, dtype=np.int32),
    )
    count = _merge(
        held[0], held[1], held[2].data, held[2].start, owned[0], owned[1], owned[2].data, owned[2].start, made
    )
    return made._replace(held=made.held[:count].copy(), owned=made.owned[:count].copy())


@kernel()
def _merge(
    held: Ints,
    held_alone: Ints,
    held_text: Bytes,
    held_start: Places,
    owned: Ints,
    owned_alone: Ints,
    owned_text: Bytes,
    owned_start: Places,
    made: Pools,
) -> int:
    """How many pools there are, filled into `made`: a merge of two sorted lists in one loop."""
    pool, p, b = 0, 0, 0
    for account in range(len(made.account_start) - 1):
        made.account_start[account] = pool
        while p < len(held) and held[p] == account and held_alone[p] == 0:
            made.of_held[p] = pool
            p += 1
        while b < len(owned) and owned[b] == account and owned_alone[b] == 0:
            made.of_owned[b] = pool
            b += 1
        pool += 1
        while True:
            more_held = p < len(held) and held[p] == account
            more_owned = b < len(owned) and owned[b] == account
            if not more_held and not more_owned:
                break
            order = -1 if not more_owned else 1 if not more_held else 0
            if order == 0:
                order = _compare(held_text, held_start, p, owned_text, owned_start, b)
            if order <= 0:
                made.of_held[p], made.held[pool] = pool, p
                p += 1
            if order >= 0:
                first = b
                made.owned[pool] = b
                while (
                    b < len(owned)
                    and owned[b] == account
                    and _compare(owned_text, owned_start, first, owned_text, owned_start, b) == 0
                ):
                    made.of_owned[b] = pool
                    b += 1
            pool += 1
    made.account_start[len(made.account_start) - 1] = pool
    return pool


@kernel()
def _compare(one: Bytes, one_start: Places, i: int, two: Bytes, two_start: Places, j: int) -> int:
    """By bytes: -1, 0 or 1."""
    first, second = one_start[i], two_start[j]
    one_size, two_size = one_start[i + 1] - first, two_start[j + 1] - second
    for n in range(min(one_size, two_size)):
        left, right = one[first + n], two[second + n]
        if left != right:
            return -1 if left < right else 1
    return 0 if one_size == two_size else -1 if one_size < two_size else 1
