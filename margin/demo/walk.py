"""Walking prices: correlated, mean-reverting so that the desk stays in shape for days, repeatable by seed."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from margin.demo.market import LISTINGS, Listing
from margin.demo.script import push

FACTOR_NOISE = {  # standard deviation of each factor's log level, stationary
    "CRYPTO": 0.0040, "BTC": 0.0010, "ETH": 0.0015, "ALTS": 0.0030, "USD": 0.0003, "EQUITY": 0.0010,
    "GOLD": 0.0008, "OIL": 0.0025, "PEG": 0.0,
}  # fmt: skip
PULL = 0.01  # share of its distance to the mean that a level loses each step


class Walk:
    """The log levels of every factor and instrument; `step` moves them all by one second."""

    def __init__(self, seed: int, *, quiet_seconds: int = 120) -> None:
        self.random = np.random.default_rng(seed)
        self.factors = dict.fromkeys(FACTOR_NOISE, 0.0)
        self.own = {listing.code: 0.0 for listing in LISTINGS}
        self.seconds, self.quiet_seconds = 0, quiet_seconds

    @property
    def bad_day_seconds(self) -> int:
        """Since the bad day began; below zero, until it does."""
        return self.seconds - self.quiet_seconds

    def step(self) -> dict[str, Decimal]:
        """Every listing's next price, on its tick."""
        self.seconds += 1
        kick = (2 * PULL) ** 0.5
        for factor, noise in FACTOR_NOISE.items():
            self.factors[factor] += -PULL * self.factors[factor] + kick * noise * float(self.random.normal())
        for listing in LISTINGS:
            level = self.own[listing.code]
            self.own[listing.code] = (
                level - PULL * level + kick * listing.own_noise * float(self.random.normal())
            )
        return self.prices()

    def prices(self) -> dict[str, Decimal]:
        """Today's price of every listing under the walk and the script."""
        pushed = push(self.bad_day_seconds)
        return {listing.code: on_tick(listing, self.level(listing, pushed)) for listing in LISTINGS}

    def level(self, listing: Listing, pushed: dict[str, float]) -> float:
        """The log distance of a listing from where it started."""
        moves = (weight * (self.factors[f] + pushed.get(f, 0.0)) for f, weight in listing.weights.items())
        return sum(moves) + self.own[listing.code]


def on_tick(listing: Listing, level: float) -> Decimal:
    """The start price moved by a log level, rounded to the listing's tick."""
    tick = Decimal(listing.tick)
    moved = Decimal(listing.price) * Decimal(repr(float(np.exp(level))))
    return (moved / tick).quantize(Decimal(1), ROUND_HALF_EVEN) * tick
