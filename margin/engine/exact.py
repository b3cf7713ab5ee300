"""One account in exact arithmetic, to be read beside the rulebook.

Takes an account, the market and the desk's policy; gives the figures of every pool and position. Always from
scratch, never adjusted from the last value; rational throughout, so every decision is the true one.
"""

from collections.abc import Mapping, Sequence

from margin.engine.borders import faults
from margin.engine.doubt import level_range
from margin.engine.figures import AccountFigures, Level, PoolFigures, PositionFigures, known
from margin.engine.pools import Pool, PoolValue, pools_of, value_pool
from margin.engine.prices import Needed, gather
from margin.engine.rational import Fraction
from margin.engine.risk import risk_of
from margin.engine.types import ZERO, Account, Market, Policy, PriceState, total_of


def assess(account: Account, market: Market, policy: Policy) -> AccountFigures:
    """Every pool measured, then the account over them."""
    pools = pools_of(account)
    wrong = faults(account, policy)
    if wrong:
        return _account(account, [_unknown(pool, wrong, market) for pool in pools])
    measured = []
    used: Mapping[str, Fraction] = {}
    for pool in pools:
        figures, used = _assess_pool(account, pool, market, policy, used)
        measured.append(figures)
    return _account(account, measured)


def _assess_pool(
    account: Account, pool: Pool, market: Market, policy: Policy, used: Mapping[str, Fraction]
) -> tuple[PoolFigures, Mapping[str, Fraction]]:
    needed = gather(account, pool, market)
    if needed.missing:
        return _unknown(pool, needed.missing, market), used
    value = value_pool(account, pool, needed.prices, policy, used=used)
    if not needed.doubts:
        return _figures(pool, value, value.risk.level(policy), needed), value.collateral.used
    return _in_doubt(account, pool, value, needed, policy, used=used), value.collateral.used


def _in_doubt(
    account: Account,
    pool: Pool,
    value: PoolValue,
    needed: Needed,
    policy: Policy,
    *,
    used: Mapping[str, Fraction],
) -> PoolFigures:
    """Both ends agree: the level stands, bounded. They do not: unknown, and the worse end is shown."""
    span = level_range(account, pool, needed, policy, used=used)
    if span is not None and span.best is span.worst:
        return _figures(pool, value, span.worst, needed, bounded=True, bounds=(span.best, span.worst))
    if span is None:
        return _figures(
            pool, value, Level.UNKNOWN, needed, because=("too many prices in doubt", *needed.doubts)
        )
    worse = value_pool(account, pool, span.worst_prices, policy, used=used)
    return _figures(pool, worse, Level.UNKNOWN, needed, because=needed.doubts, bounds=(span.best, span.worst))


def _figures(
    pool: Pool,
    value: PoolValue,
    level: Level,
    needed: Needed,
    *,
    bounded: bool = False,
    because: tuple[str, ...] = (),
    bounds: tuple[Level, Level] | None = None,
) -> PoolFigures:
    risk = value.risk
    gross = total_of(valued.gross for valued in value.instruments)
    return PoolFigures(
        pool=pool.name,
        level=level,
        bounded=bounded,
        unknown_because=because,
        bounds=bounds,
        closed_markets=needed.closed,
        collateral=value.collateral.risk.equity,
        unrealised_pnl=total_of(valued.risk.equity for valued in value.instruments),
        equity=risk.equity,
        initial=risk.initial,
        maintenance=risk.maintenance,
        house_maintenance=risk.house,
        utilisation=risk.utilisation,
        free_margin=risk.free_margin,
        shortfall=max(ZERO, -risk.equity),
        gross=gross,
        net=total_of(valued.net for valued in value.instruments),
        leverage=leverage(gross, risk.equity),
        scale=value.collateral.scale + total_of(valued.scale for valued in value.instruments),
        legs=tuple(leg for valued in value.instruments for leg in valued.legs),
        positions=tuple(row for valued in value.instruments for row in valued.positions),
        prices=value.prices,
        split=value.split,
    )


def leverage(gross: Fraction, equity: Fraction) -> Fraction | None:
    """Notional over equity; nothing held is 0, something held on nothing is unbounded: None."""
    if gross == 0:
        return ZERO
    return gross / equity if equity > 0 else None


def _unknown(pool: Pool, because: Sequence[str], market: Market) -> PoolFigures:
    """No figure at all rather than one that rests on a guess."""
    rows = []
    for positions in pool.by_instrument.values():
        for position in positions:
            mark = market.marks.get(position.instrument.code)
            price, state = (mark.price, mark.state) if mark else (None, PriceState.MISSING)
            rows.append(PositionFigures(position.ref, position.instrument.code, pool.name, price, state))
    return PoolFigures(pool.name, Level.UNKNOWN, unknown_because=tuple(because), positions=tuple(rows))


def _account(account: Account, pools: Sequence[PoolFigures]) -> AccountFigures:
    binding = _binding(pools)
    risks = [risk_of(pool) for pool in pools if pool.equity is not None]
    because = tuple(dict.fromkeys(reason for pool in pools for reason in pool.unknown_because))
    if len(risks) < len(pools):
        return AccountFigures(
            account.code, account.base, binding.level, binding.pool, tuple(pools), unknown_because=because
        )
    cross, isolated = risks[0], risks[1:]
    equity = cross.equity + total_of(max(ZERO, risk.equity) for risk in isolated)
    gross = total_of(known(pool.gross) for pool in pools)
    return AccountFigures(
        code=account.code,
        base=account.base,
        level=binding.level,
        binding_pool=binding.pool,
        pools=tuple(pools),
        bounded=any(pool.bounded for pool in pools),
        unknown_because=because,
        equity=equity,
        initial=total_of(risk.initial for risk in risks),
        maintenance=total_of(risk.maintenance for risk in risks),
        house_maintenance=total_of(risk.house for risk in risks),
        utilisation=binding.utilisation,
        free_margin=pools[0].free_margin,
        gross=gross,
        net=total_of(known(pool.net) for pool in pools),
        leverage=leverage(gross, equity),
    )


def _binding(pools: Sequence[PoolFigures]) -> PoolFigures:
    """The pool that sets the account's level.

    A sure liquidation stands whatever else is unknown; else an unknown pool leaves the account unknown; else
    the worst level, of several the one nearest its end.
    """
    sure = [pool for pool in pools if pool.level is Level.LIQUIDATION]
    candidates = sure or list(pools)
    worst = max(pool.level for pool in candidates)
    found, *others = [pool for pool in candidates if pool.level is worst]
    for pool in others:
        if pool.equity is not None and found.equity is not None and risk_of(pool).worse_than(risk_of(found)):
            found = pool
    return found
