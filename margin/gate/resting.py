"""Orders that rest, in whole numbers: what they may open, and an account with all of it opened.

Takes an account without fractions and its resting orders; gives its sums with them, or nothing where that is
not plain. The same as `margin.engine.orders` says of fractions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from margin.engine.integers import S3, Book, Compiled, PoolSums, S, Sums, profit, tariff_of, whole
from margin.engine.orders import Order
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.types import Mode, isolated_pocket


@dataclass(frozen=True, slots=True)
class Part:
    """What a resting order may still open: in which pool, how much of it, with how much margin."""

    pool: str
    order: Order
    quantity: int
    margin: int


def worse(order: Order, mark: int, quantity: int) -> int | None:
    if order.price is None:
        return mark
    price = whole(order.price)
    return None if price is None else (max if quantity > 0 else min)(price, mark)


def book_of(account: Compiled, pool: str, order: Order) -> Book | None:
    """As it is held; an empty one where nothing is."""
    known = account.books.get(pool, {}).get(order.instrument.code)
    if known is None:
        tariff = tariff_of(order.instrument, Fraction(account.buffer, S))
        known = None if tariff is None else Book(tariff)
    return known


def opening_parts(account: Compiled, resting: Sequence[Order]) -> list[Part] | None:
    """What resting orders may open, signed; what they may close stands as held. Who came first closes first.

    Nothing where one meets a position in a pocket, or two meet each other there.
    """
    found: list[Part] = []
    taken: dict[str, int] = {}
    for order in resting:
        quantity, margin = whole(order.quantity), whole(order.isolated_margin)
        if quantity is None or margin is None:
            return None
        held = account.refs.get(order.ref)
        left = abs(quantity)
        if held is not None and held[2] * quantity < 0:
            closing = min(max(0, abs(held[2]) - taken.get(order.ref, 0)), left)
            taken[order.ref] = taken.get(order.ref, 0) + closing
            left -= closing
        if left:
            isolated = order.mode is Mode.ISOLATED
            meets = any(one.order.ref == order.ref and one.quantity * quantity < 0 for one in found)
            if isolated and (left < abs(quantity) or meets or (held is not None and held[2] * quantity < 0)):
                return None
            pool = isolated_pocket(order.ref) if isolated else CROSS
            found.append(Part(pool, order, left if quantity > 0 else -left, margin))
    return found


def added(parts: Sequence[Part], pool: str, code: str) -> tuple[int, int]:
    """Long and short of one instrument in one pool."""
    own = [one.quantity for one in parts if one.pool == pool and one.order.instrument.code == code]
    return sum(max(0, quantity) for quantity in own), sum(max(0, -quantity) for quantity in own)


def with_resting(sums: Sums, parts: Sequence[Part]) -> Sums | None:
    """Each opened at the worse of its price and the mark, with its margin."""
    for part in parts:
        order, mark = part.order, sums.marks[part.order.instrument.code]
        price, known = worse(order, mark, part.quantity), book_of(sums.compiled, part.pool, order)
        if price is None or known is None or mark <= 0 or (part.margin and not sums.is_plain):
            return None
        pool = sums.pools.setdefault(part.pool, PoolSums())
        rate = sums.rates[known.tariff.settlement]
        moved = part.margin * sums.common * S3
        pool.equity += moved + profit(known.tariff, part.quantity, part.quantity * price, mark, rate)
        sums.pools[CROSS].equity -= moved
    for name, code in {(part.pool, part.order.instrument.code): None for part in parts}:
        order = next(one.order for one in parts if (one.pool, one.order.instrument.code) == (name, code))
        known = book_of(sums.compiled, name, order)
        if known is not None:
            long, short = added(parts, name, code)
            more = Book(known.tariff, known.long + long, known.short + short, known.paid)
            sums.pools[name] = sums.with_book(name, more, 0)
    return sums
