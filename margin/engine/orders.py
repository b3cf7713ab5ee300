"""Orders, and what those that rest mean for an account.

Takes an account and the orders that were accepted and are not filled yet; gives how much of each only closes
what is held, and the account with all that may still open. Resting orders grant nothing: what they may close
counts as held, what they may open counts as opened, each at the worse of its price and the mark, and the two
never meet. Whatever part of them fills, the account then needs no more than this one does.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from margin.engine.rational import Fraction
from margin.engine.trades import Fill, cost_of, filled, position_called
from margin.engine.types import ONE, ZERO, Account, Instrument, Market, Mode


@dataclass(frozen=True, slots=True)
class Order:
    """`quantity` is signed; `price` None is at the market. `ref` names the position it acts upon."""

    ref: str
    instrument: Instrument
    mode: Mode
    quantity: Fraction
    price: Fraction | None = None
    isolated_margin: Fraction = ZERO
    leverage: Fraction | None = None
    cost_share: Fraction = ZERO


class Side(StrEnum):
    """Which resting orders are taken for filled: all, or of opposite ones only those of one side."""

    ALL = "all"
    LONG = "long"
    SHORT = "short"

    def takes(self, quantity: Fraction) -> bool:
        return self is Side.ALL or (quantity > 0) == (self is Side.LONG)


def held_against(account: Account, order: Order) -> Fraction:
    """How much of the position an order acts upon is on the other side."""
    held = position_called(account, order.ref)
    return abs(held.quantity) if held is not None and held.quantity * order.quantity < 0 else ZERO


def closing_of(account: Account, order: Order, resting: Sequence[Order]) -> Fraction:
    """How much of the order only closes what is held and what no resting order may close first."""
    taken = sum((part for one, part in _closings(account, resting) if one.ref == order.ref), ZERO)
    return min(max(ZERO, held_against(account, order) - taken), abs(order.quantity))


def _closings(account: Account, resting: Sequence[Order]) -> Iterator[tuple[Order, Fraction]]:
    """Each resting order with the part of it that closes; who came first closes first."""
    taken: dict[str, Fraction] = defaultdict(lambda: ZERO)
    for order in resting:
        part = min(max(ZERO, held_against(account, order) - taken[order.ref]), abs(order.quantity))
        taken[order.ref] += part
        yield order, part


def reserved(account: Account, resting: Sequence[Order], market: Market, side: Side = Side.ALL) -> Account:
    """The account with everything opened that resting orders may still open."""
    found = account
    for number, (order, closing) in enumerate(_closings(account, resting)):
        opening = abs(order.quantity) - closing
        if opening and side.takes(order.quantity):
            found = filled(found, _opening(found, order, opening, market, apart=f"{order.ref}#{number}"))
    return found


def _opening(account: Account, order: Order, opening: Fraction, market: Market, *, apart: str) -> Fill:
    """In the cross pool a leg beside what is held; an isolated one in its pocket, unless that is taken."""
    meets = held_against(account, order) > 0
    ref = apart if order.mode is Mode.CROSS or meets else order.ref
    sign = 1 if order.quantity > 0 else -1
    margin = order.isolated_margin * opening / abs(order.quantity)
    return fill_of(order, ref, sign * opening, market, isolated_margin=margin)


def fill_of(
    order: Order, ref: str, quantity: Fraction, market: Market, *, isolated_margin: Fraction = ZERO
) -> Fill:
    """Filled at the worse of the order's price and the mark, with its fee."""
    mark, rate = market.marks.get(order.instrument.code), market.rate_of(order.instrument)
    price = worse_price(order, mark.price if mark else None, quantity)
    cost = cost_of(order.instrument, quantity, price, rate or ONE, order.cost_share)
    return Fill(
        ref,
        order.instrument,
        order.mode,
        quantity,
        price,
        rate or ONE,
        cost,
        isolated_margin,
        order.leverage,
    )


def worse_price(order: Order, mark: Fraction | None, quantity: Fraction) -> Fraction:
    """Of its price and the mark. Without either nothing is known, and no figure will rest on the answer."""
    known = [price for price in (order.price, mark) if price is not None]
    return (max if quantity > 0 else min)(known, default=ONE)
