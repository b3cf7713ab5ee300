"""What a trade makes of an account: a changed copy, never the given one touched.

Takes an account and a fill; gives the account after it. Closing realises profit into the pocket that stood
behind the position; what is left of a closed isolated pocket returns to the wallet, its shortfall does not.
"""

from dataclasses import dataclass, replace

from margin.engine.rational import Fraction
from margin.engine.types import (
    WALLET,
    ZERO,
    Account,
    Holding,
    Instrument,
    Mode,
    Position,
    isolated_pocket,
    total_of,
)
from margin.engine.valuation import profit, unit_size


@dataclass(frozen=True, slots=True)
class Fill:
    """A signed quantity at a price. `rate` is from the settlement currency to the base, `cost` is in base.

    `isolated_margin` moves from the wallet into the pocket first.
    """

    ref: str
    instrument: Instrument
    mode: Mode
    quantity: Fraction
    price: Fraction
    rate: Fraction
    cost: Fraction = ZERO
    isolated_margin: Fraction = ZERO
    leverage: Fraction | None = None
    venue: str = ""
    strategy: str = ""


def filled(account: Account, fill: Fill) -> Account:
    """First what closes, then what opens or adds."""
    if fill.isolated_margin:
        account = moved(account, WALLET, pocket_of(fill), fill.isolated_margin)
    if fill.cost:
        account = paid(account, pocket_of(fill), -fill.cost)
    before = position_called(account, fill.ref)
    if fill.quantity == 0:
        return account
    if before is None:
        return _opened(account, fill, fill.quantity)
    if before.quantity * fill.quantity > 0:
        return _added(account, before, fill)
    closing = min(abs(before.quantity), abs(fill.quantity))
    sign = 1 if fill.quantity > 0 else -1
    account = _closed(account, before, fill, closing)
    opening = abs(fill.quantity) - closing
    return _opened(account, fill, sign * opening) if opening else account


def position_called(account: Account, ref: str) -> Position | None:
    return next((position for position in account.positions if position.ref == ref), None)


def pocket_of(fill: Fill) -> str:
    return WALLET if fill.mode is Mode.CROSS else isolated_pocket(fill.ref)


def paid(account: Account, pocket: str, amount: Fraction) -> Account:
    """An amount of the base currency into a pocket, or out of it if negative."""
    return replace(account, holdings=(*account.holdings, Holding(pocket, account.base, amount)))


def moved(account: Account, source: str, target: str, amount: Fraction) -> Account:
    return paid(paid(account, source, -amount), target, amount)


def _opened(account: Account, fill: Fill, quantity: Fraction) -> Account:
    position = Position(
        fill.ref, fill.instrument, fill.mode, quantity, fill.price, fill.leverage, fill.venue, fill.strategy
    )
    return replace(account, positions=(*account.positions, position))


def _added(account: Account, before: Position, fill: Fill) -> Account:
    """One position with the entry that leaves profit as it was: the mean price, of inverse the harmonic."""
    quantity = before.quantity + fill.quantity
    worth_of_one = profit(before.instrument, Fraction(1), before.entry_price, fill.price)
    entry = entry_with_profit(before.instrument, fill.price, worth_of_one * before.quantity / quantity)
    return _with_position(account, replace(before, quantity=quantity, entry_price=entry))


def entry_with_profit(instrument: Instrument, price: Fraction, profit_of_one: Fraction) -> Fraction:
    """The entry price at which one unit has this profit at this price."""
    per_contract = profit_of_one / instrument.contract_size
    if instrument.kind == "inverse":
        return 1 / (per_contract + 1 / price)
    return price - per_contract


def _closed(account: Account, before: Position, fill: Fill, quantity: Fraction) -> Account:
    """Profit of the closed part into its pocket; what a closed isolated pocket holds, back to the wallet."""
    sign = 1 if before.quantity > 0 else -1
    realised = profit(before.instrument, sign * quantity, before.entry_price, fill.price) * fill.rate
    account = paid(account, pocket_of(fill), realised) if realised else account
    left = before.quantity - sign * quantity
    if left:
        return _with_position(account, replace(before, quantity=left))
    account = replace(account, positions=tuple(p for p in account.positions if p.ref != before.ref))
    return account if fill.mode is Mode.CROSS else _returned(account, pocket_of(fill))


def _returned(account: Account, pocket: str) -> Account:
    """Everything in the pocket to the wallet, unless the base currency in it is short: a shortfall stays."""
    own = [holding for holding in account.holdings if holding.pocket == pocket]
    base = total_of(holding.amount for holding in own if holding.asset == account.base)
    if base < 0:
        return account
    moving = {id(holding) for holding in own}
    return replace(
        account,
        holdings=tuple(
            replace(holding, pocket=WALLET) if id(holding) in moving else holding
            for holding in account.holdings
        ),
    )


def _with_position(account: Account, position: Position) -> Account:
    return replace(
        account, positions=tuple(position if p.ref == position.ref else p for p in account.positions)
    )


def cost_of(
    instrument: Instrument, quantity: Fraction, price: Fraction, rate: Fraction, share: Fraction
) -> Fraction:
    """A share of the notional, in base currency."""
    return abs(quantity) * unit_size(instrument, price) * rate * share
