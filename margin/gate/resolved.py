"""Which position an order acts upon, and in which mode.

Takes an order as asked and the account with its fills; gives the account and the engine's order, refusals of
what can not be meant, or the reason why nobody can tell. Positions of one instrument in the cross pool are
one to an order: which of them is closed first changes no figure of the pool.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from margin.engine.orders import Order
from margin.engine.rational import Fraction
from margin.engine.trades import entry_with_profit
from margin.engine.types import Account, Instrument, Mark, Mode, Position, total_of
from margin.engine.valuation import profit
from margin.engine.verdict import Because, Why
from margin.gate.asked import Asked, Refusals
from margin.gate.standing import Listing
from riskdesk.errors import Refusal


@dataclass(frozen=True, slots=True)
class Meant:
    """The order in the engine's words, of this account, beside these resting ones."""

    account: Account
    order: Order
    resting: tuple[Order, ...]


def refused(asked: Asked, listing: Listing, instrument: Instrument, held: Account) -> Refusals:
    """What no state of the desk would allow: off lot, off tick, an impossible price."""
    found: Refusals = []
    whole = any(
        abs(p.quantity) == asked.quantity for p in held.positions if p.instrument.code == listing.code
    )
    if instrument.lot and asked.quantity % instrument.lot and not whole:
        message = f"{listing.code} is traded in lots of {plain(instrument.lot)}."
        found.append(Refusal("quantity", "lot", plain(asked.quantity), message))
    if asked.price is not None:
        if not instrument.may_cost(asked.price):
            found.append(
                Refusal("price", "above", plain(asked.price), f"A price of {listing.code} is above 0.")
            )
        if listing.tick and asked.price % listing.tick:
            message = f"{listing.code} is priced in steps of {plain(listing.tick)}."
            found.append(Refusal("price", "tick", plain(asked.price), message))
    return found


def plain(number: Fraction) -> str:
    """A decimal of at most 18 places, in plain digits."""
    units = number * 10**18
    digits = str(abs(units.numerator // units.denominator)).rjust(19, "0")
    text = f"{digits[:-18]}.{digits[-18:]}".rstrip("0").rstrip(".")
    return f"-{text}" if number < 0 else text


def mean(
    asked: Asked,
    *,
    default: str,
    account: Account,
    instrument: Instrument,
    resting: Sequence[Order],
    mark: Mark | None,
) -> Meant | Because | Refusals:
    """The position named, else the one it closes, else the one it adds to, else a new one."""
    held = [p for p in account.positions if p.instrument.code == instrument.code]
    mode = mode_of(asked, default, held)
    if asked.isolated_margin and mode is not Mode.ISOLATED:
        message = "Only an isolated position has margin of its own; this order is for the cross pool."
        return [Refusal("isolated_margin", "only_isolated", plain(asked.isolated_margin), message)]
    if asked.ref:
        named = next((p for p in account.positions if p.ref == asked.ref), None)
        if named is not None and (named.instrument.code != instrument.code or named.mode is not mode):
            message = f"This ref is a position in {named.instrument.code}, {named.mode.value}."
            return [Refusal("ref", "other_position", asked.ref, message)]
        return Meant(account, _order(asked, instrument, mode, asked.ref), tuple(resting))
    own = [p for p in held if p.mode is mode]
    against = [p for p in own if p.quantity * asked.sign < 0]
    beside = [p for p in own if p.quantity * asked.sign > 0]
    if mode is Mode.ISOLATED and (len(against) > 1 or (not against and len(beside) > 1)):
        return Because(Why.AMBIGUOUS_POSITION, "", instrument.code)
    if len(against) > 1:
        price = mark.price if mark and mark.price is not None else against[0].entry_price
        account, resting = merged(account, against, resting, price)
    ref = against[0].ref if against else _beside(beside, f"{instrument.code}|{mode.value}")
    return Meant(account, _order(asked, instrument, mode, ref), tuple(resting))


def mode_of(asked: Asked, default: str, held: Sequence[Position]) -> Mode:
    """As asked; else as the position it meets is held; else the account's own, which is cross in a hybrid."""
    if asked.mode:
        return Mode(asked.mode)
    modes = {p.mode for p in held}
    if len(modes) == 1:
        return modes.pop()
    return Mode.ISOLATED if default == Mode.ISOLATED.value else Mode.CROSS


def _beside(beside: Sequence[Position], default: str) -> str:
    """Of several, the one whose leverage asks most."""
    if not beside:
        return default
    return min(beside, key=lambda p: (p.leverage is None, p.leverage or 0, p.ref)).ref


def merged(
    account: Account, against: Sequence[Position], resting: Sequence[Order], price: Fraction
) -> tuple[Account, tuple[Order, ...]]:
    """Several positions on one side as one, with their profit; the smallest leverage asks most."""
    first, quantity = against[0], total_of(p.quantity for p in against)
    made = total_of(profit(p.instrument, p.quantity, p.entry_price, price) for p in against)
    levers = [p.leverage for p in against if p.leverage is not None]
    one = replace(
        first,
        quantity=quantity,
        entry_price=entry_with_profit(first.instrument, price, made / quantity),
        leverage=min(levers, default=None),
    )
    refs = {p.ref for p in against}
    others = tuple(p for p in account.positions if p.ref not in refs)
    moved = tuple(replace(order, ref=first.ref) if order.ref in refs else order for order in resting)
    return replace(account, positions=(*others, one)), moved


def _order(asked: Asked, instrument: Instrument, mode: Mode, ref: str) -> Order:
    return Order(ref, instrument, mode, asked.sign * asked.quantity, asked.price, asked.isolated_margin)
