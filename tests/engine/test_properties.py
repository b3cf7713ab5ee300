"""What must hold of every account, whatever it is made of."""

from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level
from margin.engine.limits import Cap, check
from margin.engine.liquidation import prices_that_hurt
from margin.engine.measures import Used
from margin.engine.tiers import Haircuts, HaircutTier, Schedule, Tier
from margin.engine.types import Account, Holding, Mark, Market, Mode, Policy, exact
from tests.engine.random_accounts import random_account
from tests.engine.reading import read

Described = tuple[Account, Market, Policy]

accounts = st.integers(0, 10**9).map(lambda seed: read(random_account(seed)))
factors = st.sampled_from([Fraction(1, 7), Fraction(3), Fraction(10**9)])


def at_mark(market: Market, code: str, price: Fraction) -> Market:
    return replace(market, marks={**market.marks, code: Mark(price)})


def numbers(figures: AccountFigures) -> list[tuple[object, ...]]:
    """All of a figure set but the names of the positions."""
    return [
        (
            p.pool,
            p.level,
            p.equity,
            p.initial,
            p.maintenance,
            p.house_maintenance,
            p.free_margin,
            p.gross,
            p.net,
        )
        for p in figures.pools
    ]


@given(accounts)
def test_at_the_liquidation_price_equity_is_the_requirement_and_beyond_it_the_level_flips(
    described: Described,
) -> None:
    account, market, policy = described
    plain = [replace(p, instrument=replace(p.instrument, underlying="")) for p in account.positions]
    account = replace(account, positions=tuple(plain))
    prices = prices_that_hurt(account, assess(account, market, policy), policy)
    for position in account.positions:
        hurt, code = prices[position.ref].liquidation, position.instrument.code
        if hurt.price is None:
            continue
        at = assess(account, at_mark(market, code, hurt.price), policy).pool(position.pool)
        assert abs(at.equity - at.maintenance) <= at.scale / Fraction(10**30)
        mark = market.marks[code].price
        step = (abs(hurt.price) or abs(mark)) / Fraction(10**12)
        before, beyond = (
            assess(account, at_mark(market, code, hurt.price + way), policy).pool(position.pool)
            for way in (-step, step)
        )
        if hurt.price != mark:
            assert (before.equity >= before.maintenance) != (beyond.equity >= beyond.maintenance)


@given(accounts, st.data())
def test_an_isolated_wipe_out_leaves_every_other_pool_unchanged(
    described: Described, data: st.DataObject
) -> None:
    account, market, policy = described
    isolated = [p for p in account.positions if p.mode is Mode.ISOLATED]
    assume(isolated)
    chosen = data.draw(st.sampled_from(isolated))
    own = replace(chosen.instrument, code="ALONE")
    told = market.settlements[chosen.instrument.code]
    market = replace(market, settlements={**market.settlements, "ALONE": told})
    account = replace(
        account,
        positions=tuple(replace(p, instrument=own) if p.ref == chosen.ref else p for p in account.positions),
    )
    ends = [Fraction(1, 10**6), Fraction(10**6)]
    before, after = (
        assess(account, at_mark(market, "ALONE", chosen.entry_price * end), policy)
        if chosen.entry_price > 0
        else assess(account, at_mark(market, "ALONE", end), policy)
        for end in ends
    )
    assert numbers(before) != numbers(after)
    for one, other in zip(before.pools, after.pools, strict=True):
        assert one.pool == chosen.pool or one == other


@given(accounts, st.data())
def test_splitting_a_position_changes_nothing(described: Described, data: st.DataObject) -> None:
    account, market, policy = described
    shared = [p for p in account.positions if p.mode is Mode.CROSS]
    assume(shared)
    chosen = data.draw(st.sampled_from(shared))
    parts = [
        replace(chosen, ref="part one", quantity=chosen.quantity / 3),
        replace(chosen, ref="part two", quantity=chosen.quantity * 2 / 3),
    ]
    others = [p for p in account.positions if p.ref != chosen.ref]
    split = replace(account, positions=(*others, *parts))
    whole, halves = assess(account, market, policy), assess(split, market, policy)
    assert numbers(whole) == numbers(halves)
    row = next(p for p in whole.positions if p.ref == chosen.ref)
    pieces = [p for p in halves.positions if p.ref.startswith("part")]
    assert sum(p.maintenance for p in pieces) == row.maintenance
    prices, split_prices = prices_that_hurt(account, whole, policy), prices_that_hurt(split, halves, policy)
    assert prices[chosen.ref] == split_prices["part one"] == split_prices["part two"]


def scaled_schedule(schedule: Schedule, factor: Fraction) -> Schedule:
    tiers = tuple(Tier(t.floor * factor, t.initial_rate, t.maintenance_rate) for t in schedule.tiers)
    return Schedule(tiers, schedule.fee_rate)


def scaled(account: Account, factor: Fraction) -> Account:
    """Quantities, money and every floor times the factor (settlement floors and base floors alike)."""
    return replace(
        account,
        positions=tuple(
            replace(
                p,
                quantity=p.quantity * factor,
                instrument=replace(p.instrument, schedule=scaled_schedule(p.instrument.schedule, factor)),
            )
            for p in account.positions
        ),
        holdings=tuple(replace(h, amount=h.amount * factor) for h in account.holdings),
        terms={
            name: replace(
                terms,
                haircuts=Haircuts(tuple(HaircutTier(t.floor * factor, t.rate) for t in terms.haircuts.tiers)),
            )
            for name, terms in account.terms.items()
        },
    )


@given(accounts, factors)
def test_scaling_quantities_money_and_floors_scales_every_figure(
    described: Described, factor: Fraction
) -> None:
    account, market, policy = described
    plain, large = assess(account, market, policy), assess(scaled(account, factor), market, policy)
    for one, other in zip(plain.pools, large.pools, strict=True):
        assert (other.level, other.utilisation, other.leverage) == (one.level, one.utilisation, one.leverage)
        assert (other.equity, other.house_maintenance) == (
            one.equity * factor,
            one.house_maintenance * factor,
        )


@given(accounts, st.integers())
def test_permuting_rows_changes_nothing(described: Described, seed: int) -> None:
    account, market, policy = described
    positions, holdings = list(account.positions), list(account.holdings)
    Random(seed).shuffle(positions)
    Random(seed + 1).shuffle(holdings)
    shuffled = replace(account, positions=tuple(positions), holdings=tuple(holdings))
    one, other = assess(account, market, policy), assess(shuffled, market, policy)
    assert numbers(one) == numbers(other)
    assert {p.ref: p for p in one.positions} == {p.ref: p for p in other.positions}


@given(accounts, st.sampled_from(["0.000001", "1", "1000000"]))
def test_adding_collateral_never_worsens_a_level(described: Described, amount: str) -> None:
    account, market, policy = described
    richer = replace(account, holdings=(*account.holdings, Holding("wallet", account.base, exact(amount))))
    before, after = (assess(a, market, policy).pool("cross") for a in (account, richer))
    assert after.level <= before.level
    assert after.equity == before.equity + exact(amount)


@given(accounts)
def test_a_level_is_what_its_own_inequalities_say(described: Described) -> None:
    account, market, policy = described
    for pool in assess(account, market, policy).pools:
        equity, maintenance, house = pool.equity, pool.maintenance, pool.house_maintenance
        assert maintenance <= house
        if pool.level is Level.NORMAL:
            assert equity >= house
            assert pool.utilisation is not None
            assert pool.utilisation < policy.watch
        if equity < maintenance:
            assert pool.level is Level.LIQUIDATION


limits = st.integers(0, 100).map(Fraction)


@given(limits, limits, st.integers(0, 1000), st.integers(-10, 100))
def test_a_tighter_cap_never_allows_more(one: Fraction, other: Fraction, gross: int, equity: int) -> None:
    used = Used(Fraction(gross), Fraction(equity))
    order = ["ok", "warn", "breach"]
    loose, tight = (
        check("r", "s", used, [Cap("cap", "desk", limit)]) for limit in (max(one, other), min(one, other))
    )
    assert order.index(tight.severity) >= order.index(loose.severity)
