"""Portfolio margin: one requirement for a whole book over all its asset classes.

Takes the positions of a pool, its spot holdings and the desk's scenarios; gives the requirement in its parts.
Every scenario moves all prices at once, each by its loadings, and every position is revalued in full. Losses
of one net against gains of another: that is the offset, shown beside the rest.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from margin.engine.figures import Split
from margin.engine.rational import Fraction
from margin.engine.terms import PortfolioTerms, Scenario
from margin.engine.types import ONE, ZERO, Instrument, Position, Prices, total_of
from margin.engine.valuation import profit, unit_size

Book = Sequence[tuple[Position, ...]]


def portfolio_requirement(
    book: Book, spots: Mapping[str, Fraction], prices: Prices, terms: PortfolioTerms
) -> Split:
    """`book` is grouped by instrument; `spots` are values in base currency of assets held as positions."""
    losses = [(-gain(book, spots, prices, terms, scenario), scenario.name) for scenario in terms.scenarios]
    worst, name = max([(ZERO, "unchanged"), *losses], key=lambda found: found[0])
    minimum = terms.minimum * (total_of(_notional(own, prices) for own in book) + total_of(spots.values()))
    return Split(
        base=minimum,
        volatility=max(ZERO, worst - minimum),
        concentration=_concentration(book, spots, prices, terms),
        liquidity=total_of(_liquidity(own, prices, terms) for own in book),
        offset=_each_alone(book, spots, prices, terms) - worst,
        worst=worst,
        worst_scenario=name,
    )


def gain(
    book: Book, spots: Mapping[str, Fraction], prices: Prices, terms: PortfolioTerms, scenario: Scenario
) -> Fraction:
    """What the whole book gains (loses, if negative) in one scenario."""
    from_positions = total_of(_gain(own, prices, terms, scenario) for own in book)
    from_spots = total_of(
        value * max(-ONE, scenario.move(terms.asset_loadings.get(asset, {})))
        for asset, value in spots.items()
    )
    return from_positions + from_spots


def moved_mark(instrument: Instrument, mark: Fraction, move: Fraction) -> Fraction:
    """m + move*|m|, not below zero unless the instrument can be."""
    moved = mark + move * abs(mark)
    return moved if instrument.may_be_negative else max(ZERO, moved)


def _gain(own: Sequence[Position], prices: Prices, terms: PortfolioTerms, scenario: Scenario) -> Fraction:
    instrument = own[0].instrument
    mark, rate = prices.marks[instrument.code], prices.rate_of(instrument)
    moved = moved_mark(instrument, mark, scenario.move(instrument.loadings))
    new_rate = rate * (ONE + max(-ONE, scenario.move(terms.asset_loadings.get(instrument.settlement, {}))))
    return total_of(
        profit(instrument, p.quantity, p.entry_price, moved) * new_rate
        - profit(instrument, p.quantity, p.entry_price, mark) * rate
        for p in own
    )


def _notional(own: Sequence[Position], prices: Prices) -> Fraction:
    instrument = own[0].instrument
    unit = unit_size(instrument, prices.marks[instrument.code]) * prices.rate_of(instrument)
    return unit * total_of(abs(p.quantity) for p in own)


def _net(own: Sequence[Position], prices: Prices) -> Fraction:
    instrument = own[0].instrument
    mark = prices.marks[instrument.code]
    unit = unit_size(instrument, mark) * prices.rate_of(instrument)
    return unit * ((mark > 0) - (mark < 0)) * total_of(p.quantity for p in own)


def net_by_underlying(book: Book, spots: Mapping[str, Fraction], prices: Prices) -> dict[str, Fraction]:
    """Signed exposure, spot holdings with their asset."""
    net: dict[str, Fraction] = defaultdict(lambda: ZERO)
    for own in book:
        net[own[0].instrument.asset] += _net(own, prices)
    for asset, value in spots.items():
        net[asset] += value
    return dict(net)


def _concentration(
    book: Book, spots: Mapping[str, Fraction], prices: Prices, terms: PortfolioTerms
) -> Fraction:
    if terms.concentration is None:
        return ZERO
    return total_of(terms.concentration.on(net) for net in net_by_underlying(book, spots, prices).values())


def _liquidity(own: Sequence[Position], prices: Prices, terms: PortfolioTerms) -> Fraction:
    add_on = terms.liquidity.get(own[0].instrument.code)
    return add_on.on(_net(own, prices)) if add_on else ZERO


def _each_alone(book: Book, spots: Mapping[str, Fraction], prices: Prices, terms: PortfolioTerms) -> Fraction:
    """The sum of worst losses, were nothing netted."""

    def worst(own: Book, spot: Mapping[str, Fraction]) -> Fraction:
        return max(ZERO, *(-gain(own, spot, prices, terms, scenario) for scenario in terms.scenarios), ZERO)

    return total_of(worst([own], {}) for own in book) + total_of(
        worst([], {asset: value}) for asset, value in spots.items()
    )
