"""Prices in doubt: a pool computed at both ends of every guard band.

Takes a pool whose prices are stale or unconfirmed; gives the best and the worst level any combination of the
ends allows, and the prices of the worst. A stale feed does not switch the desk off: where all ends agree, the
level stands.

A pool's lines (k*E - MM) are sums over its instruments, so the worst combination for a line is found end by
end, instrument by instrument; only rates, which touch many parts at once, are combined.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from margin.engine.figures import Level
from margin.engine.pools import CROSS, Pool, value_collateral, value_pool
from margin.engine.prices import Needed
from margin.engine.rational import Fraction
from margin.engine.risk import Line, Risk, lines, total
from margin.engine.types import Account, Policy, Position, Prices, PriceState
from margin.engine.valuation import value_instrument
from margin.engine.whole import has_whole_rules

MOST_RATES = 6
MOST_WHOLE = 8


@dataclass(frozen=True, slots=True)
class Range:
    """The levels the doubtful prices allow; `worst_prices` are those of the worst of them."""

    best: Level
    worst: Level
    worst_prices: Prices


def level_range(
    account: Account, pool: Pool, needed: Needed, policy: Policy, *, used: Mapping[str, Fraction]
) -> Range | None:
    """None where more prices are in doubt at once than can be combined."""
    if len(needed.doubtful_rates) > MOST_RATES:
        return None
    if pool.name == CROSS and has_whole_rules(policy):
        if len(needed.doubtful_rates) + len(needed.doubtful_marks) > MOST_WHOLE:
            return None
        corners = list(_whole_corners(account, pool, needed, policy, used))
    else:
        corners = list(_corners(account, pool, needed, policy, used))
    worst = max(corners, key=lambda corner: (corner[0], corner[1].house - corner[1].equity))
    best = min(level for level, _, _ in corners)
    return Range(best, worst[0], worst[2])


def _corners(
    account: Account, pool: Pool, needed: Needed, policy: Policy, used: Mapping[str, Fraction]
) -> Iterator[tuple[Level, Risk, Prices]]:
    """For every combination of rates and every line: the kindest and the unkindest ends of all marks."""
    for rates in _rate_corners(needed):
        corner = replace(needed.prices, rates=rates)
        fixed = value_collateral(account, pool, rates, used).risk
        choices = [
            [
                End(code, mark, _risk_at(pool.by_instrument[code], mark, corner, account.buffer, policy))
                for mark in _ends(needed, code)
            ]
            for code in pool.by_instrument
        ]
        for line in lines(policy).values():
            for pick in (min, max):
                ends = [pick(both, key=partial(_above, line)) for both in choices]
                risk = total([fixed, *(end.risk for end in ends)])
                marks = {end.code: end.mark for end in ends}
                yield risk.level(policy), risk, replace(corner, marks=marks)


def _whole_corners(
    account: Account, pool: Pool, needed: Needed, policy: Policy, used: Mapping[str, Fraction]
) -> Iterator[tuple[Level, Risk, Prices]]:
    """Every combination: a requirement of the pool as a whole is no sum over its instruments."""
    codes = list(pool.by_instrument)
    for rates in _rate_corners(needed):
        for ends in product(*(_ends(needed, code) for code in codes)):
            prices = replace(needed.prices, rates=rates, marks=dict(zip(codes, ends, strict=True)))
            risk = value_pool(account, pool, prices, policy, used=used).risk
            yield risk.level(policy), risk, prices


@dataclass(frozen=True, slots=True)
class End:
    """One instrument at one end of its band (or at its mark, where it is not in doubt)."""

    code: str
    mark: Fraction
    risk: Risk


def _above(line: Line, end: End) -> Fraction:
    return line.above(end.risk)


def _rate_corners(needed: Needed) -> Iterator[dict[str, Fraction]]:
    names = list(needed.doubtful_rates)
    for ends in product(*(needed.doubtful_rates[name] for name in names)):
        yield {**needed.prices.rates, **dict(zip(names, ends, strict=True))}


def _ends(needed: Needed, code: str) -> tuple[Fraction, ...]:
    return needed.doubtful_marks.get(code, (needed.prices.marks[code],))


def _risk_at(
    positions: Sequence[Position],
    mark: Fraction,
    prices: Prices,
    buffer: Fraction,
    policy: Policy,
) -> Risk:
    return value_instrument(
        positions,
        mark=mark,
        rate=prices.rate_of(positions[0].instrument),
        state=PriceState.FRESH,
        buffer=buffer,
        offsets=policy.offsets,
    ).risk
