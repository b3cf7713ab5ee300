"""Account-level tests of a jurisdiction: the retail close-out, the floor under a client's loss, the notice.

Takes a measured account and a profile with its dates; gives whether the test over all its pools is met, and
which of all tests binds. Profiles are data: rules are repealed, and an old figure is judged by the rule
of its day.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from margin.engine.distance import HIGHEST, LOWEST, Distance, market_wide
from margin.engine.falls import falls
from margin.engine.figures import AccountFigures, Level, known
from margin.engine.liquidation import measured_pools
from margin.engine.rational import Fraction
from margin.engine.risk import lines
from margin.engine.search import HALVINGS, STEPS, risk_at
from margin.engine.shocked import MeasuredPool
from margin.engine.types import ZERO, Account, Market, Policy, total_of
from margin.engine.valuation import value_instrument


class Denominator(StrEnum):
    """Which total initial margin the close-out is measured against."""

    NOW = "now"
    AT_OPENING = "at_opening"


@dataclass(frozen=True, slots=True)
class Profile:
    """A jurisdiction's rules; `until` is the first day they no longer hold."""

    name: str
    close_out_share: Fraction | None = None
    denominator: Denominator = Denominator.NOW
    negative_balance_protection: bool = False
    notice_step: Fraction | None = None
    since: date = date.min
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Tested:
    """One test: what was measured and what it must not be below. None where an input is unknown."""

    name: str
    measured: Fraction | None
    required: Fraction | None

    @property
    def is_met(self) -> bool | None:
        if self.measured is None or self.required is None:
            return None
        return self.measured >= self.required

    @property
    def deficit(self) -> Fraction:
        if self.measured is None or self.required is None:
            return ZERO
        return max(ZERO, self.required - self.measured)


@dataclass(frozen=True, slots=True)
class Binding:
    """The test that binds: breached with the largest deficit, else the nearest."""

    name: str
    deficit: Fraction
    distance: Fraction | None


def profile_on(profiles: Sequence[Profile], name: str, day: date) -> Profile | None:
    """The version of this profile that was in force."""
    return next((p for p in profiles if p.name == name and p.holds_on(day)), None)


def account_equity(figures: AccountFigures) -> Fraction | None:
    """Cash in all pockets + U of all positions, isolated too, not floored at zero."""
    if any(pool.equity is None for pool in figures.pools):
        return None
    return total_of(known(pool.equity) for pool in figures.pools)


def close_out(
    account: Account, market: Market, policy: Policy, figures: AccountFigures, profile: Profile
) -> Tested | None:
    """E_account against its share of total initial margin; None where the profile has no such test."""
    if profile.close_out_share is None:
        return None
    equity = account_equity(figures)
    initial = figures.initial
    if profile.denominator is Denominator.AT_OPENING and equity is not None:
        initial = initial_at_opening(account, market, policy)
    required = None if initial is None else profile.close_out_share * initial
    return Tested(f"{profile.name} close-out", equity, required)


def initial_at_opening(account: Account, market: Market, policy: Policy) -> Fraction | None:
    """Each position's initial margin at its own entry price, at today's rates."""
    total = ZERO
    for position in account.positions:
        rate = market.rate_of(position.instrument)
        if rate is None:
            return None
        mark = market.marks[position.instrument.code]
        total += value_instrument(
            [position],
            mark=position.entry_price,
            rate=rate,
            state=mark.state,
            buffer=account.buffer,
            offsets=policy.offsets,
        ).risk.initial
    return total


def written_off(equity_after_closing: Fraction, profile: Profile) -> Fraction:
    """What the client need not pay: all that is left below zero, where the profile protects."""
    return max(ZERO, -equity_after_closing) if profile.negative_balance_protection else ZERO


def notices_due(start: Fraction, now: Fraction, profile: Profile) -> int:
    """How many full steps (10 %) the value has fallen since the last statement: one notice for each."""
    if profile.notice_step is None or start <= 0 or now >= start:
        return 0
    return int((start - now) / start / profile.notice_step)


def binding_test(
    account: Account, market: Market, policy: Policy, figures: AccountFigures, profile: Profile | None
) -> Binding | None:
    """Among every pool's liquidation line and the account's own test; None where a pool is unknown."""
    if figures.equity is None:
        return None
    pools = measured_pools(account, figures, policy)
    found = [_pool_binding(measured) for measured in pools if measured.pool.by_instrument]
    tested = profile and close_out(account, market, policy, figures, profile)
    if tested and profile:
        near = None if tested.deficit else _account_distance(account, market, policy, profile, pools)
        found.append(Binding(tested.name, tested.deficit, near))
    breached = [test for test in found if test.deficit]
    if breached:
        return max(breached, key=lambda test: test.deficit)
    near_ones = [test for test in found if test.distance is not None]
    return min(near_ones, key=lambda test: known(test.distance), default=None)


def _pool_binding(measured: MeasuredPool) -> Binding:
    line = lines(measured.policy)[Level.LIQUIDATION]
    deficit = max(ZERO, -line.above(measured.risk))
    if deficit:
        return Binding(measured.pool.name, deficit, ZERO)
    down, up = falls(measured, market_wide(measured), line, lowest=LOWEST, highest=HIGHEST)
    return Binding(measured.pool.name, ZERO, Distance(down, up).nearest)


def _account_distance(
    account: Account, market: Market, policy: Policy, profile: Profile, pools: Sequence[MeasuredPool]
) -> Fraction | None:
    """The smaller market-wide shock, either way, at which the account's test fails; by search."""
    fixed = None
    if profile.denominator is Denominator.AT_OPENING:
        fixed = initial_at_opening(account, market, policy)
    share = profile.close_out_share or ZERO

    def is_met(s: Fraction) -> bool:
        risks = [risk_at(measured, market_wide(measured), s) for measured in pools]
        initial = total_of(risk.initial for risk in risks) if fixed is None else fixed
        return total_of(risk.equity for risk in risks) >= share * initial

    shocks = [_first_failure(is_met, end) for end in (LOWEST, HIGHEST)]
    return min((abs(shock) for shock in shocks if shock is not None), default=None)


def _first_failure(is_met: Callable[[Fraction], bool], end: Fraction) -> Fraction | None:
    last = ZERO
    for k in range(1, STEPS):
        s = end * k / STEPS
        if not is_met(s):
            for _ in range(HALVINGS):
                middle = (last + s) / 2
                last, s = (middle, s) if is_met(middle) else (last, middle)
            return last
        last = s
    return None
