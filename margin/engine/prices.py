"""Which prices a pool needs, and whether they are there.

Takes a pool and the market; gives the numbers to compute with, or the names of what is missing. A price in
doubt is handed on with both ends of its guard band; a missing one never becomes a convenient default.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from margin.engine.pools import Pool
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account, Instrument, Mark, Market, Prices, PriceState, Rate

Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Needed:
    """Prices of one pool: the numbers, the ends of those in doubt, and why it cannot be computed, if so."""

    prices: Prices
    doubtful_marks: Mapping[str, Ends]
    doubtful_rates: Mapping[str, Ends]
    doubts: tuple[str, ...]
    missing: tuple[str, ...]
    closed: tuple[str, ...]


def gather(account: Account, pool: Pool, market: Market) -> Needed:
    """Every mark and rate the pool rests on. Assets of zero balance need no price."""
    if market.base != account.base:
        raise ValueError(f"the market is in {market.base}, the account in {account.base}")
    finder = _Finder()
    instruments = [positions[0].instrument for positions in pool.by_instrument.values()]
    for instrument in instruments:
        finder.take_mark(instrument, market.marks.get(instrument.code))
        finder.take_settlement(instrument, account.base, market.settlements.get(instrument.code))
    settlements = {i.settlement for i in instruments if i.code not in market.settlements}
    owned = {asset for asset, amount in pool.balances.items() if amount}
    for asset in sorted(settlements | owned):
        finder.take_rate(asset, account.base, market.rates.get(asset))
    for asset in pool.balances.keys() - owned:
        finder.rates.setdefault(asset, ONE)
    finder.missing += [
        f"no collateral terms for {asset}" for asset in sorted(owned - account.terms.keys() - {account.base})
    ]
    return Needed(
        Prices(finder.marks, finder.rates, finder.states, finder.settlements),
        finder.doubtful_marks,
        finder.doubtful_rates,
        tuple(finder.doubts),
        tuple(finder.missing),
        tuple(code for code, state in finder.states.items() if state is PriceState.CLOSED),
    )


class _Finder:
    """Collects while the pool's instruments and assets are gone through once."""

    def __init__(self) -> None:
        self.marks: dict[str, Fraction] = {}
        self.rates: dict[str, Fraction] = {}
        self.settlements: dict[str, Fraction] = {}
        self.states: dict[str, PriceState] = {}
        self.doubtful_marks: dict[str, Ends] = {}
        self.doubtful_rates: dict[str, Ends] = {}
        self.doubts: list[str] = []
        self.missing: list[str] = []

    def take_mark(self, instrument: Instrument, mark: Mark | None) -> None:
        code = instrument.code
        self.states[code] = mark.state if mark else PriceState.MISSING
        if mark is None or mark.price is None or mark.state is PriceState.MISSING:
            self.missing.append(f"no price of {code}")
            return
        self.marks[code] = mark.price
        if not instrument.may_cost(mark.price):
            self.missing.append(f"the price of {code} is not above zero")
        elif mark.state.in_doubt:
            self._doubt(
                f"price of {code}", mark, code, self.doubtful_marks, positive=not instrument.may_cost(ZERO)
            )

    def take_rate(self, asset: str, base: str, rate: Rate | None) -> None:
        if asset == base:
            self.rates[asset] = ONE
        elif rate is None or rate.value is None or rate.state is PriceState.MISSING:
            self.missing.append(f"no rate from {asset} to {base}")
        elif rate.value <= 0:
            self.missing.append(f"the rate from {asset} to {base} is not above zero")
        else:
            self.rates[asset] = rate.value
            if rate.state.in_doubt:
                self._doubt(f"rate from {asset} to {base}", rate, asset, self.doubtful_rates, positive=True)

    def take_settlement(self, instrument: Instrument, base: str, rate: Rate | None) -> None:
        if rate is None:
            return
        if rate.value is None or rate.value <= 0 or rate.state.in_doubt:
            self.missing.append(f"no sure rate from {instrument.settlement} of {instrument.code} to {base}")
        else:
            self.settlements[instrument.code] = rate.value

    def _doubt(
        self, what: str, quote: Mark | Rate, key: str, into: dict[str, Ends], *, positive: bool
    ) -> None:
        if quote.low is None or quote.high is None or (positive and quote.low <= 0):
            self.missing.append(f"{quote.state.value} {what} without a guard band")
        else:
            into[key] = (quote.low, quote.high)
            self.doubts.append(f"{quote.state.value} {what}")
