"""What a pocket holds that is opened out of the wallet, and what is left in the wallet.

Takes an account as one pool; gives an amount for each position, and the holdings that move. Money only moves:
the base currency first, then the same share of each other asset of the wallet, so that no pocket is paid on
credit as long as the wallet has anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from margin.engine.figures import PoolFigures, PositionFigures, known
from margin.engine.pools import terms_of
from margin.engine.rational import Fraction
from margin.engine.types import ONE, WALLET, ZERO, Account, Holding, Mode, total_of
from margin.whatif.reading import Question


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a pocket holds and why: `told`, or `initial_margin` (what opening it alone takes), or `shared`."""

    index: int
    amount: Fraction
    source: str


def allocations(question: Question, together: PoolFigures) -> list[Allocation]:
    """Where the wallet cannot pay for all of them, those not told share what there is.

    Each then has what it has lost so far, and of the rest in proportion to what opening it takes: none falls
    before another only because it has lost more.
    """
    asked = {int(row.ref): row for row in together.positions if question.allocations[int(row.ref)] is None}
    lost = {place: max(ZERO, -known(row.unrealised_pnl)) for place, row in asked.items() if _is_known(row)}
    opening = {place: _opening(row) for place, row in asked.items() if _is_known(row)}
    room = max(ZERO, _room(question, together))
    covered = _part(room, total_of(lost.values()))
    opened = _part(max(ZERO, room - total_of(lost.values())), total_of(opening.values()))
    source = "initial_margin" if covered == opened == 1 else "shared"
    return [
        Allocation(place, lost.get(place, ZERO) * covered + opening.get(place, ZERO) * opened, source)
        if told is None
        else Allocation(place, told, "told")
        for place, told in enumerate(question.allocations)
    ]


def opened(account: Account, together: PoolFigures, amounts: Mapping[str, Fraction]) -> list[Holding]:
    """Pockets paid from the wallet; an amount counts as collateral does, after haircuts."""
    wanted = total_of(amounts.values())
    if not wanted:
        return []
    paid = {asset: amount for asset, amount in _price_of(account, together, wanted).items() if amount}
    return [
        *(Holding(WALLET, asset, -amount) for asset, amount in paid.items()),
        *(
            Holding(pocket, asset, paid[asset] * amount / wanted)
            for pocket, amount in amounts.items()
            for asset in paid
        ),
    ]


def _price_of(account: Account, together: PoolFigures, wanted: Fraction) -> dict[str, Fraction]:
    """What leaves the wallet: what no asset covers is owed in the base currency."""
    wallet: dict[str, Fraction] = {}
    for holding in account.holdings:
        if holding.pocket == WALLET:
            wallet[holding.asset] = wallet.get(holding.asset, ZERO) + holding.amount
    rates = together.prices.rates if together.prices else {}
    others = {a: n for a, n in wallet.items() if a != account.base and n > 0 and a in rates}
    counted = total_of(
        terms_of(account, asset).haircuts.recognised(amount * rates[asset])
        for asset, amount in others.items()
    )
    rest = max(ZERO, wanted - max(ZERO, wallet.get(account.base, ZERO)))
    share = _part(rest, counted)
    return {account.base: wanted - counted * share} | {a: n * share for a, n in others.items()}


def _room(question: Question, together: PoolFigures) -> Fraction:
    account: Account = question.account
    promised = total_of(
        question.allocations[place] or ZERO
        for place, position in enumerate(account.positions)
        if position.mode is Mode.CROSS
    )
    rates = together.prices.rates if together.prices else {}
    pocketed = total_of(
        _counts(account, holding.asset, holding.amount * rates.get(holding.asset, ONE))
        for holding in account.holdings
        if holding.pocket != WALLET
    )
    return (together.collateral or ZERO) - pocketed - promised


def _counts(account: Account, asset: str, value: Fraction) -> Fraction:
    """As collateral: after its haircut if owned."""
    return terms_of(account, asset).haircuts.recognised(value) if value > 0 else value


def _part(there: Fraction, wanted: Fraction) -> Fraction:
    return min(ONE, there / wanted) if wanted else ONE


def _is_known(row: PositionFigures) -> bool:
    return row.initial is not None


def _opening(row: PositionFigures) -> Fraction:
    """What a pocket must hold beyond its loss for the position to be opened in it now."""
    return max(known(row.initial), known(row.house_maintenance))
