"""The engine's price of an account, against the digits a source prints."""

from fractions import Fraction

from margin.engine.exact import assess
from margin.engine.liquidation import HurtPrices, prices_that_hurt
from margin.engine.types import Account, Market, exact
from tests.engine.scene import DESK


def prices_of(own: Account, prices: Market) -> dict[str, HurtPrices]:
    return prices_that_hurt(own, assess(own, prices, DESK), DESK)


def liquidation(own: Account, prices: Market) -> Fraction | None:
    """Of the first position."""
    return prices_of(own, prices)[own.positions[0].ref].liquidation.price


def rounds_to(figure: Fraction, printed: str) -> bool:
    """To as many digits as the source prints."""
    return round(figure, len(printed.partition(".")[2])) == exact(printed)
