"""Rules of a whole cross pool, as data: portfolio margin and concentration.

Gives the shapes a desk fills in; computes only what a single rule says by itself. What they make of a pool
stands in `portfolio` and `concentration`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from margin.engine.rational import Fraction

_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shocks per risk factor, all at once: 0.05 is 5 %, 1 is a point where loadings are per point."""

    name: str
    shocks: Mapping[str, Fraction]

    def move(self, loadings: Mapping[str, Fraction]) -> Fraction:
        """The share by which a price with these loadings moves."""
        moved = _ZERO
        for factor, loading in loadings.items():
            if factor in self.shocks:
                moved += loading * self.shocks[factor]
        return moved


@dataclass(frozen=True, slots=True)
class AddOn:
    """`rate` on what is held beyond `free` of one underlying (concentration) or instrument (liquidity)."""

    free: Fraction
    rate: Fraction

    def on(self, held: Fraction) -> Fraction:
        return max(_ZERO, abs(held) - self.free) * self.rate


@dataclass(frozen=True, slots=True)
class PortfolioTerms:
    """Portfolio margin: scenarios, the least rate, add-ons, and what the initial requirement is of MM.

    Assets in `spots` are positions of the scenarios without a haircut; all others stay collateral with one.
    `asset_loadings` move spots and settlement currencies.
    """

    scenarios: tuple[Scenario, ...]
    minimum: Fraction
    initial_factor: Fraction = Fraction(110, 100)
    spots: frozenset[str] = frozenset()
    asset_loadings: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)
    concentration: AddOn | None = None
    liquidity: Mapping[str, AddOn] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwoLargest:
    """60 % of the two largest underlyings, 10 % of the rest, less an amount; half of it for maintenance."""

    largest: Fraction = Fraction(60, 100)
    rest: Fraction = Fraction(10, 100)
    free: Fraction = Fraction(100_000)
    maintenance_part: Fraction = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class ShareTiers:
    """From a share of the pool's notional on, an underlying's rates are at least these. Steps rise."""

    steps: tuple[tuple[Fraction, Fraction], ...] = (
        (Fraction(25, 100), Fraction(35, 100)),
        (Fraction(35, 100), Fraction(40, 100)),
        (Fraction(50, 100), Fraction(50, 100)),
    )

    def least_rate(self, held: Fraction, whole: Fraction) -> Fraction:
        """Multiplied across: the share itself is never computed."""
        rate = _ZERO
        for share, least in self.steps:
            if whole > 0 and held >= share * whole:
                rate = least
        return rate
