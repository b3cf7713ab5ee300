"""Stress: the ordinary question asked of a copy after a shock.

Takes accounts with their markets and a scenario; gives what becomes of each and of the house. Prices move by
their loadings on the shocked factors, rates of assets likewise, collateral and settlement alike. Many
scenarios are the map of one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level, known
from margin.engine.portfolio import moved_mark
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account, Instrument, Mark, Market, Policy, Rate, total_of


@dataclass(frozen=True, slots=True)
class Stress:
    """Shocks as shares of prices: by factor, over the whole market, or told for one instrument or asset.

    `together` is correlation going to one: every factor falls (or rises) with the largest shock.
    `liquidity_factor` makes closing dearer and markets thinner.
    """

    name: str
    factors: Mapping[str, Fraction] = field(default_factory=dict)
    market: Fraction = ZERO
    instruments: Mapping[str, Fraction] = field(default_factory=dict)
    assets: Mapping[str, Fraction] = field(default_factory=dict)
    together: bool = False
    liquidity_factor: Fraction = ONE

    def shocks(self) -> Mapping[str, Fraction]:
        """The factor shocks as they act."""
        if not self.together or not self.factors:
            return self.factors
        lead = max(self.factors.values(), key=abs)
        sign = 1 if lead > 0 else -1
        return {name: sign * abs(shock) for name, shock in self.factors.items()}

    def move_of(self, instrument: Instrument) -> Fraction:
        if instrument.code in self.instruments:
            return self.instruments[instrument.code]
        return instrument.loading * self.market + _moved(instrument.loadings, self.shocks())

    def move_of_asset(
        self, asset: str, loading: Fraction, asset_loadings: Mapping[str, Mapping[str, Fraction]]
    ) -> Fraction:
        if asset in self.assets:
            return self.assets[asset]
        return loading * self.market + _moved(asset_loadings.get(asset, {}), self.shocks())


def _moved(loadings: Mapping[str, Fraction], shocks: Mapping[str, Fraction]) -> Fraction:
    return total_of(loading * shocks[name] for name, loading in loadings.items() if name in shocks)


@dataclass(frozen=True, slots=True)
class Subject:
    """One sub-account under stress; `rate` is from its base to the reporting currency."""

    client: str
    account: Account
    market: Market
    policy: Policy
    rate: Fraction = ONE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario makes of one sub-account, in the reporting currency.

    `client_loss` ends where a pocket is empty; `shortfall` is what the house must carry or collect beyond.
    """

    client: str
    account: str
    before: AccountFigures
    after: AccountFigures
    client_loss: Fraction | None
    isolated_shortfall: Fraction
    cross_shortfall: Fraction
    closing_cost: Fraction

    @property
    def shortfall(self) -> Fraction:
        return self.isolated_shortfall + self.cross_shortfall


@dataclass(frozen=True, slots=True)
class StressResult:
    scenario: str
    outcomes: tuple[Outcome, ...]

    def at(self, level: Level) -> tuple[Outcome, ...]:
        """Those that stand at this level after the shock and did not before."""
        return tuple(o for o in self.outcomes if o.after.level is level and o.before.level is not level)

    @property
    def house_loss(self) -> Fraction:
        return total_of(outcome.shortfall for outcome in self.outcomes)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The accounts this result says nothing about."""
        return tuple(o.account for o in self.outcomes if o.after.equity is None)


AssetLoadings = Mapping[str, Mapping[str, Fraction]]


def stress_all(
    subjects: Sequence[Subject], scenarios: Iterable[Stress], asset_loadings: AssetLoadings
) -> list[StressResult]:
    return [stress(subjects, scenario, asset_loadings) for scenario in scenarios]


def stress(
    subjects: Sequence[Subject],
    scenario: Stress,
    asset_loadings: AssetLoadings | None = None,
    *,
    cost_shares: Mapping[str, Fraction] | None = None,
) -> StressResult:
    """One scenario over all accounts. `cost_shares` per notional price the closing of what must be closed."""
    return StressResult(
        scenario.name,
        tuple(_outcome(subject, scenario, asset_loadings or {}, cost_shares or {}) for subject in subjects),
    )


def shocked_market(subject: Subject, scenario: Stress, asset_loadings: AssetLoadings) -> Market:
    """A copy of the market in which every price the account rests on has moved."""
    account, market = subject.account, subject.market
    marks = dict(market.marks)
    for instrument in {p.instrument.code: p.instrument for p in account.positions}.values():
        if instrument.code in marks:
            marks[instrument.code] = shocked_mark(marks[instrument.code], instrument, scenario)
    rates = dict(market.rates)
    for asset, rate in market.rates.items():
        loading = account.terms[asset].loading if asset in account.terms else ZERO
        move = ZERO if asset == account.base else scenario.move_of_asset(asset, loading, asset_loadings)
        rates[asset] = _shocked_rate(rate, move)
    return replace(market, marks=marks, rates=rates)


def shocked_mark(mark: Mark, instrument: Instrument, scenario: Stress) -> Mark:
    """The mark and both ends of its band, moved alike."""
    move = scenario.move_of(instrument)
    if not move:
        return mark
    price, low, high = (
        None if p is None else moved_mark(instrument, p, move) for p in (mark.price, mark.low, mark.high)
    )
    return replace(mark, price=price, low=low, high=high)


def _shocked_rate(rate: Rate, move: Fraction) -> Rate:
    if not move:
        return rate
    factor = max(ZERO, ONE + move)
    value, low, high = (None if v is None else v * factor for v in (rate.value, rate.low, rate.high))
    return replace(rate, value=value, low=low, high=high)


def _outcome(
    subject: Subject, scenario: Stress, asset_loadings: AssetLoadings, cost_shares: Mapping[str, Fraction]
) -> Outcome:
    before = assess(subject.account, subject.market, subject.policy)
    market = shocked_market(subject, scenario, asset_loadings)
    after = assess(subject.account, market, subject.policy)
    isolated, cross = shortfalls(after)
    loss = None
    if before.equity is not None and after.equity is not None:
        loss = (before.equity - after.equity) * subject.rate
    cost = total_of(
        known(row.notional) * cost_shares.get(row.instrument, ZERO)
        for pool in after.pools
        if pool.level is Level.LIQUIDATION
        for row in pool.positions
    )
    return Outcome(
        subject.client,
        subject.account.code,
        before,
        after,
        loss,
        isolated * subject.rate,
        cross * subject.rate,
        cost * scenario.liquidity_factor * subject.rate,
    )


def shortfalls(figures: AccountFigures) -> tuple[Fraction, Fraction]:
    """Below zero in isolated pockets, and in the cross pool."""
    isolated = total_of(known(p.shortfall) for p in figures.pools[1:] if p.shortfall is not None)
    return isolated, figures.pools[0].shortfall or ZERO
