"""Pools: whose money stands behind which positions, and what a pool is worth at pinned prices.

Takes an account; gives its cross pool and one isolated pool per isolated position, each with its own pocket.
Nothing ever flows between pools here: what an isolated position loses beyond its pocket is a shortfall.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from margin.engine.figures import Split
from margin.engine.rational import Fraction
from margin.engine.risk import Risk
from margin.engine.types import ZERO, Account, AssetTerms, Policy, Position, Prices, house_factor
from margin.engine.valuation import Valued, value_instrument
from margin.engine.whole import as_a_whole, has_whole_rules, plain

CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Pool:
    """`balances` are netted per asset; `by_instrument` groups the positions into what becomes legs."""

    name: str
    balances: Mapping[str, Fraction]
    by_instrument: Mapping[str, tuple[Position, ...]]


def pools_of(account: Account) -> tuple[Pool, ...]:
    """The cross pool first (it always exists), then the isolated ones by name."""
    balances: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    books: dict[str, dict[str, list[Position]]] = defaultdict(lambda: defaultdict(list))
    for holding in account.holdings:
        balances[holding.pool][holding.asset] += holding.amount
    for position in account.positions:
        books[position.pool][position.instrument.code].append(position)
    names = sorted((balances.keys() | books.keys()) - {CROSS})
    return tuple(
        Pool(name, dict(balances[name]), {code: tuple(own) for code, own in sorted(books[name].items())})
        for name in (CROSS, *names)
    )


def terms_of(account: Account, asset: str) -> AssetTerms:
    """The base currency counts in full unless the account says otherwise; others must have terms."""
    return account.terms[asset] if asset in account.terms else AssetTerms(asset)


def collateral_risk(account: Account, asset: str, amount: Fraction, rate: Fraction) -> Risk:
    """One balance: recognised after its haircut if owned, in full and with a requirement if owed."""
    value = amount * rate
    if value >= 0:
        return Risk(equity=terms_of(account, asset).haircuts.recognised(value)) if value else Risk()
    if asset == account.base:
        return Risk(equity=value)
    terms = terms_of(account, asset)
    maintenance = -value * terms.liability_maintenance
    return Risk(
        value, -value * terms.liability_initial, maintenance, maintenance * house_factor(account.buffer)
    )


@dataclass(frozen=True, slots=True)
class Collateral:
    """What a pocket counts for; `used` is how much of each capped asset is recognised so far."""

    risk: Risk
    scale: Fraction
    used: Mapping[str, Fraction]


def value_collateral(
    account: Account,
    pool: Pool,
    rates: Mapping[str, Fraction],
    used: Mapping[str, Fraction],
    uncut: Collection[str] = (),
) -> Collateral:
    """One pocket. An account's own cap on an asset spans its pools: the wallet takes from it first.

    `uncut` are assets that count in full because they are margined as positions.
    """
    risk, scale = Risk(), ZERO
    now_used = dict(used)
    for asset, amount in pool.balances.items():
        if asset in uncut:
            part = Risk(equity=amount * rates[asset])
        else:
            part = collateral_risk(account, asset, amount, rates[asset])
        if asset in account.recognised_caps and part.equity > 0:
            room = max(ZERO, account.recognised_caps[asset] - now_used.get(asset, ZERO))
            part = Risk(equity=min(part.equity, room))
            now_used[asset] = now_used.get(asset, ZERO) + part.equity
        risk += part
        scale += abs(amount * rates[asset])
    return Collateral(risk, scale, now_used)


@dataclass(frozen=True, slots=True)
class PoolValue:
    """A pool at one set of prices."""

    prices: Prices
    collateral: Collateral
    instruments: tuple[Valued, ...]
    risk: Risk
    split: Split | None = None


def value_pool(
    account: Account, pool: Pool, prices: Prices, policy: Policy, *, used: Mapping[str, Fraction]
) -> PoolValue:
    """Collateral and positions of one pool. `used` is what earlier pools took of the account's caps."""
    spots = _spots(pool, prices, policy)
    collateral = value_collateral(account, pool, prices.rates, used, uncut=spots.keys())
    revalue = partial(_value_instruments, account, pool, prices, policy)
    if pool.name == CROSS and has_whole_rules(policy):
        book = list(pool.by_instrument.values())
        whole = as_a_whole(
            account, policy, prices, book, collateral=collateral.risk, spots=spots, revalue=revalue
        )
    else:
        whole = plain(collateral.risk, revalue({}))
    return PoolValue(prices, collateral, whole.instruments, whole.risk, whole.split)


def _spots(pool: Pool, prices: Prices, policy: Policy) -> dict[str, Fraction]:
    """Holdings that portfolio margin takes as positions, by value: never as collateral too."""
    if policy.portfolio is None or pool.name != CROSS:
        return {}
    return {
        asset: amount * prices.rates[asset]
        for asset, amount in pool.balances.items()
        if asset in policy.portfolio.spots and amount > 0
    }


def _value_instruments(
    account: Account, pool: Pool, prices: Prices, policy: Policy, least_rates: Mapping[str, Fraction]
) -> tuple[Valued, ...]:
    return tuple(
        value_instrument(
            positions,
            mark=prices.marks[code],
            rate=prices.rate_of(positions[0].instrument),
            state=prices.states[code],
            buffer=account.buffer,
            offsets=policy.offsets,
            least_rate=least_rates.get(code, ZERO),
        )
        for code, positions in pool.by_instrument.items()
    )
