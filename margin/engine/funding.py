"""Money in and out: the smallest deposit that helps and the most that may leave.

Takes a measured pool and an asset; gives amounts of that asset, rounded to its step to the safe side (a
top-up up, a withdrawal down). Money pays a debt in the same asset first, at full value, then counts at its
marginal haircut.
"""

from math import ceil, floor

from margin.engine.figures import AccountFigures, Level, PoolFigures, known
from margin.engine.liquidation import measured_pools
from margin.engine.pools import terms_of
from margin.engine.rational import Fraction
from margin.engine.shocked import MeasuredPool
from margin.engine.tiers import Haircuts
from margin.engine.types import ONE, ZERO, Account, Policy, house_factor, total_of


def top_up(
    account: Account, figures: AccountFigures, policy: Policy, *, pool: str, asset: str, price: Fraction
) -> Fraction | None:
    """The smallest deposit with E' >= MM_house' / target; None where no amount of this asset attains it."""
    measured = _find(account, figures, policy, pool)
    if measured is None:
        return None
    missing = measured.risk.house / policy.target - measured.risk.equity
    if missing <= 0:
        return ZERO
    amount = _deposit(measured, asset, price, missing)
    return None if amount is None else _up(amount, terms_of(account, asset).step)


def _find(account: Account, figures: AccountFigures, policy: Policy, pool: str) -> MeasuredPool | None:
    found = (measured for measured in measured_pools(account, figures, policy) if measured.pool.name == pool)
    return next(found, None)


def _deposit(measured: MeasuredPool, asset: str, price: Fraction, missing: Fraction) -> Fraction | None:
    """First the debt, whose requirement goes with it; then tier by tier what still counts."""
    terms = terms_of(measured.account, asset)
    owed = max(ZERO, -measured.pool.balances.get(asset, ZERO) * price)
    if owed:
        freed = terms.liability_maintenance * house_factor(measured.account.buffer) / measured.policy.target
        relief = ONE + (ZERO if asset == measured.account.base else freed)
        if missing <= owed * relief:
            return missing / relief / price
        missing -= owed * relief
    value = max(ZERO, measured.pool.balances.get(asset, ZERO) * price)
    counted = terms.haircuts.recognised(value)
    wanted = counted + missing
    cap = _cap(measured, asset, price)
    needed = value_counting(terms.haircuts, wanted) if cap is None or wanted <= cap else None
    return None if needed is None else (owed + needed - value) / price


def _cap(measured: MeasuredPool, asset: str, price: Fraction) -> Fraction | None:
    """What the account's own cap leaves for this pool, after the pools before it."""
    cap = measured.account.recognised_caps.get(asset)
    if cap is None:
        return None
    cuts = terms_of(measured.account, asset).haircuts
    earlier = (max(ZERO, pool.balances.get(asset, ZERO)) * price for pool in measured.before)
    return max(ZERO, cap - total_of(cuts.recognised(value) for value in earlier))


def value_counting(haircuts: Haircuts, wanted: Fraction) -> Fraction | None:
    """The smallest value that counts for `wanted`; None where the last tier counts for nothing."""
    if wanted <= 0:
        return ZERO
    for k, tier in enumerate(haircuts.tiers):
        at_floor = haircuts.recognised(haircuts.floors[k])
        if wanted <= at_floor:
            return haircuts.floors[k]
        last = k + 1 == len(haircuts.tiers)
        if tier.rate < 1 and (last or wanted <= haircuts.recognised(haircuts.floors[k + 1])):
            return haircuts.floors[k] + (wanted - at_floor) / (ONE - tier.rate)
    return None


def withdrawable(
    account: Account,
    figures: AccountFigures,
    policy: Policy,
    *,
    pool: str,
    asset: str,
    price: Fraction,
    call_is_open: bool = False,
) -> Fraction | None:
    """The most that keeps E >= max(IM, MM_house), profit not counted; none while a call is open."""
    measured = _find(account, figures, policy, pool)
    found = figures.pool(pool)
    if measured is None or found.level is Level.UNKNOWN:
        return None
    balance = measured.pool.balances.get(asset, ZERO)
    if call_is_open or found.level >= Level.MARGIN_CALL or balance <= 0:
        return ZERO
    spare = _spare_without_profit(found) - measured.risk.required
    if spare < 0:
        return ZERO
    amount = balance - _must_stay(measured, asset, price, spare)
    return _down(amount, terms_of(account, asset).step)


def _spare_without_profit(pool: PoolFigures) -> Fraction:
    return known(pool.collateral) + min(ZERO, known(pool.unrealised_pnl))


def _must_stay(measured: MeasuredPool, asset: str, price: Fraction, spare: Fraction) -> Fraction:
    """The smallest balance that still counts for all but the spare."""
    haircuts = terms_of(measured.account, asset).haircuts
    counted = haircuts.recognised(measured.pool.balances[asset] * price)
    cap = _cap(measured, asset, price)
    counted = counted if cap is None else min(counted, cap)
    return known(value_counting(haircuts, counted - spare)) / price  # what counts now can be counted


def _up(amount: Fraction, step: Fraction) -> Fraction:
    return ceil(amount / step) * step


def _down(amount: Fraction, step: Fraction) -> Fraction:
    return max(ZERO, floor(amount / step) * step)
