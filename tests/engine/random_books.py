"""Random accounts put together into books, and their prices in columns."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from margin.engine.columns import Built
from margin.engine.exact import assess
from margin.engine.ticks import Quotes
from margin.engine.types import Account, Market, Policy
from tests.engine.random_accounts import on_the_line, random_account
from tests.engine.reading import read

CHUNK = 250


def books(first: int) -> list[tuple[list[Account], list[Market], Policy]]:
    """Random accounts, and the same on their lines exactly and a unit beside, put together by policy.

    A book has one price and one schedule for each name: the random ones get names of their own.
    """
    by_policy: dict[Policy, tuple[list[Account], list[Market]]] = {}
    for seed in range(first, first + CHUNK):
        request = random_account(seed)
        account, market, policy = read(request)
        cross = assess(account, market, policy).pool("cross")
        wanted = [Fraction(0), Fraction(0), Fraction(1, 10**18)]
        for k, unit in enumerate(wanted):
            needed = Fraction(0) if k == 0 else cross.house_maintenance - cross.equity + unit
            account, market, policy = read(on_the_line(request, needed))
            account, market = renamed(account, market, f"{seed}.{k}.")
            accounts, markets = by_policy.setdefault(policy, ([], []))
            accounts.append(account)
            markets.append(market)
    return [(accounts, markets, policy) for policy, (accounts, markets) in by_policy.items()]


def renamed(account: Account, market: Market, mark: str) -> tuple[Account, Market]:
    """Instruments, settlements and assets (but the base) with a name of this account's own."""

    def asset(name: str) -> str:
        return name if name == account.base else mark + name

    positions = [
        replace(
            p,
            instrument=replace(
                p.instrument, code=mark + p.instrument.code, settlement=mark + p.instrument.code
            ),
        )
        for p in account.positions
    ]
    account = replace(
        account,
        code=mark + account.code,
        positions=tuple(positions),
        holdings=tuple(replace(h, asset=asset(h.asset)) for h in account.holdings),
        terms={asset(name): replace(own, asset=asset(name)) for name, own in account.terms.items()},
    )
    rates = {asset(name): rate for name, rate in market.rates.items()}
    rates |= {mark + code: rate for code, rate in market.settlements.items()}
    return account, Market(market.base, {mark + c: m for c, m in market.marks.items()}, rates)


def quotes_of(built: Built, markets: list[Market]) -> Quotes:
    marks = {code: float(m.price) for market in markets for code, m in market.marks.items()}
    rates = {asset: float(r.value) for market in markets for asset, r in market.rates.items()}
    table = np.array([[rates.get(a, 1.0) for a in built.rules.assets] for _ in built.bases])
    for k, base in enumerate(built.bases):
        if base in built.rules.assets:
            table[k, built.rules.assets.index(base)] = 1.0
    own = [built.rules.assets.index(base) if base in built.rules.assets else 0 for base in built.bases]
    return Quotes(
        np.array([marks[code] for code in built.rules.codes]),
        table,
        np.array(own),
        np.zeros(len(built.rules.codes), dtype=np.bool_),
    )
