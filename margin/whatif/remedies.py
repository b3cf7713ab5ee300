"""What brings a pool back to its target: the deposit in each asset, or the cheapest reduction.

Takes a revisited account; gives, for every pool above its target, amounts and steps. Orders nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from margin.engine.figures import Level
from margin.engine.funding import top_up
from margin.engine.plan import Plan, reduction_plan
from margin.engine.rational import Fraction
from margin.engine.types import ONE
from margin.whatif.revisit import Revisited


@dataclass(frozen=True, slots=True)
class Deposit:
    """`amount` None: no amount of this asset attains the target."""

    asset: str
    amount: Fraction | None


@dataclass(frozen=True, slots=True)
class Remedy:
    pool: str
    deposits: Sequence[Deposit]
    plan: Plan | None


def remedies(seen: Revisited) -> list[Remedy]:
    """One for every pool that stands above its target; an unknown pool has none."""
    found = []
    for pool in seen.figures.pools:
        if pool.level is Level.UNKNOWN or pool.equity is None or pool.house_maintenance is None:
            continue
        if pool.house_maintenance <= seen.policy.target * pool.equity:
            continue
        plan = reduction_plan(seen.account, seen.market, seen.policy, pool=pool.pool, cost_shares={})
        found.append(Remedy(pool.pool, _deposits(seen, pool.pool), plan))
    return found


def _deposits(seen: Revisited, pool: str) -> list[Deposit]:
    """In the base currency and in every asset that the account holds and that has a price."""
    base = seen.account.base
    assets = [base, *sorted({holding.asset for holding in seen.account.holdings} - {base})]
    prices = {asset: ONE if asset == base else _price(seen, asset) for asset in assets}
    return [
        Deposit(asset, top_up(seen.account, seen.figures, seen.policy, pool=pool, asset=asset, price=price))
        for asset, price in prices.items()
        if price is not None
    ]


def _price(seen: Revisited, asset: str) -> Fraction | None:
    rate = seen.market.rates.get(asset)
    return rate.value if rate else None
