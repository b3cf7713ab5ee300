"""A linear account measured in whole numbers has, to the last digit, the figures of the exact engine."""

from dataclasses import replace
from fractions import Fraction

from margin.engine.exact import assess
from margin.engine.integers import S, compiled, measured
from margin.engine.types import Account, Market, Policy, Rate
from tests.engine.random_accounts import random_account
from tests.engine.reading import read

SEEDS = range(600)


def drawn(seed: int) -> tuple[Account, Market, Policy]:
    """As drawn, but with rates of settlement currencies instead of rates told for single instruments."""
    account, market, policy = read(random_account(seed))
    told = {f"settlement of {code}": rate for code, rate in market.settlements.items()}
    rates: dict[str, Rate] = {**market.rates, **told}
    positions = tuple(replace(p, leverage=None) if seed % 3 else p for p in account.positions)
    return replace(account, positions=positions), replace(market, rates=rates, settlements={}), policy


def test_every_figure_of_every_pool_is_the_same_or_there_is_none() -> None:
    plain = 0
    for seed in SEEDS:
        account, market, policy = drawn(seed)
        own = compiled(account, policy)
        found = None if own is None else measured(own, market)
        if found is None:
            continue
        plain += 1
        figures = assess(account, market, policy)
        assert set(found.pools) == {pool.pool for pool in figures.pools}, seed
        for pool in figures.pools:
            sums, scale = found.pools[pool.pool], found.scale
            told = [Fraction(n, scale) for n in (sums.equity, sums.initial, sums.maintenance, sums.gross)]
            assert [*told, Fraction(sums.house, scale * S)] == [
                pool.equity, pool.initial, pool.maintenance, pool.gross, pool.house_maintenance,
            ], (seed, pool.pool)  # fmt: skip
    assert plain > 150


def test_what_is_not_sums_of_decimals_is_left_to_the_exact_engine() -> None:
    kinds = set()
    for seed in SEEDS:
        account, _market, policy = drawn(seed)
        own = compiled(account, policy)
        kinds |= {p.instrument.kind for p in account.positions if own is not None}
        assert own is None or all(p.leverage is None for p in account.positions)
    assert kinds == {"linear"}
