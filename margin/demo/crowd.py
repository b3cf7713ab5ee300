"""Everyone else: a heavy-tailed population, most accounts small, one in a hundred holding most."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from margin.demo.cast import cast
from margin.demo.market import BY_CODE, LISTINGS
from margin.demo.plans import (
    AccountPlan,
    ClientPlan,
    PositionPlan,
    lots,
    maintenance_rate,
    money,
    start_price,
    unit_notional,
    unrealised,
)

# fmt: off
FIRST = [
    "Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Garnet", "Harbour", "Indigo", "Juniper",
    "Kestrel", "Linden", "Mistral", "Nimbus", "Onyx", "Pebble", "Quartz", "Russet", "Saffron", "Tundra",
    "Umber", "Vesper", "Willow", "Yarrow", "Zephyr",
]
SECOND = {
    "PRIME": ["Capital", "Partners", "Arbitrage", "Macro", "Systematic", "Value", "Trading"],
    "RETAIL": ["Badger", "Otter", "Finch", "Marten", "Heron", "Lynx", "Plover"],
}
# fmt: on
TRADABLE = [
    listing.code
    for listing in LISTINGS
    if listing.tradable and listing.kind == "linear" and listing.code != "USDT-USD"
]
CROWD_SIZE = 12
CROWD_EQUITY = (80_000.0, 120_000.0)
"""Alike in size: where one holds more than a fifth it is a large client, and no crowd."""
STRAINED_SHARE = 0.12
"""Of all accounts, those that begin the day with little room."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a demo desk is."""

    clients: int
    accounts: int
    positions: int


SIZES = {
    "demo": Size(clients=120, accounts=220, positions=600),
    "desk": Size(clients=1_200, accounts=2_200, positions=9_000),
    "load": Size(clients=40_000, accounts=100_000, positions=1_000_000),
}


def population(size: Size, seed: int) -> list[ClientPlan]:
    """The cast, the crowd and everyone else, to the sizes asked."""
    random = np.random.default_rng(seed)
    clients = cast()
    rest = size.clients - len(clients)
    clients += [ordinary(random, number) for number in range(rest)]
    fill_accounts(random, clients, size)
    return clients


def ordinary(random: np.random.Generator, number: int) -> ClientPlan:
    """A client by number: a name, a desk, a class; accounts come after."""
    desk = "PRIME" if number % 5 < 2 else "RETAIL"
    first, second = FIRST[number % len(FIRST)], SECOND[desk][(number // len(FIRST) + number) % 7]
    regulatory = "professional" if desk == "PRIME" else ("retail_eu", "retail_uk", "retail_au")[number % 3]
    code = f"{first.upper()}-{number:02d}"
    return ClientPlan(
        code, f"{first} {second}" + (f" {number // 200 + 1}" if number >= 200 else ""), desk, regulatory
    )


def fill_accounts(random: np.random.Generator, clients: list[ClientPlan], size: Size) -> None:
    """Give every ordinary client its accounts, and every account its share of the positions."""
    empty = [client for client in clients if not client.accounts]
    fixed = [account for client in clients for account in client.accounts]
    wanted = size.accounts - len(fixed) - len(empty)
    extra = random.multinomial(max(wanted, 0), [1 / len(empty)] * len(empty))
    count = len(empty) + max(wanted, 0)
    left = size.positions - sum(len(account.positions) for account in fixed) - count
    more = iter(random.multinomial(max(left, 0), [1 / count] * count))
    for index, client in enumerate(empty):
        wealth = equity_of(random, client.desk, index)
        if in_crowd(client, index):
            wealth = min(max(wealth, CROWD_EQUITY[0]), CROWD_EQUITY[1])
        for ordinal in range(1 + int(extra[index])):
            share = wealth * float(random.uniform(0.5, 1.0)) / (1 + ordinal)
            client.accounts.append(
                account_of(random, client, ordinal, equity=share, positions=1 + int(next(more)), index=index)
            )


def in_crowd(client: ClientPlan, index: int) -> bool:
    """Whether a client of Retail goes with the others."""
    return client.desk == "RETAIL" and index % 70 < CROWD_SIZE * 2


def equity_of(random: np.random.Generator, desk: str, index: int) -> float:
    """Pareto wealth in dollars: a few hold most."""
    floor, most = (150_000, 60_000_000) if desk == "PRIME" else (1_200, 900_000)
    return float(min(most, floor * (1 + random.pareto(1.05))))


def account_of(
    random: np.random.Generator,
    client: ClientPlan,
    ordinal: int,
    *,
    equity: float,
    positions: int,
    index: int,
) -> AccountPlan:
    """One account sized so that its utilisation and leverage at the start lie where they should."""
    mode = str(random.choice(["cross", "cross", "cross", "isolated", "hybrid"]))
    base = "USD" if client.desk == "PRIME" else str(random.choice(["USD", "EUR", "GBP"]))
    account = AccountPlan(f"{client.code}-{ordinal + 1}", f"{client.name} {ordinal + 1}", mode, base)
    joins = ordinal == 0 and in_crowd(client, index)
    picks = (
        ["SOL-PERP"]
        if joins
        else list(random.choice(TRADABLE, size=min(positions, len(TRADABLE)), replace=False))
    )
    while len(picks) < positions:
        picks.append(str(random.choice(TRADABLE)))
    weights = random.dirichlet([1.5] * len(picks))
    gross = gross_of(random, client.desk, equity, picks, weights)
    for number, (code, weight) in enumerate(zip(picks, weights, strict=True)):
        side = 1 if joins or random.random() < 0.58 else -1
        account.positions.append(
            position_of(random, account, str(code), gross * float(weight) * side, number)
        )
    fund(random, account, client, equity)
    return account


def gross_of(
    random: np.random.Generator, desk: str, equity: float, picks: list[str], weights: np.ndarray
) -> float:
    """Gross notional for a drawn utilisation, kept well inside the caps."""
    rate = sum(
        float(maintenance_rate(str(c), Decimal(equity))) * float(w)
        for c, w in zip(picks, weights, strict=True)
    )
    strained = random.random() < STRAINED_SHARE
    utilisation = float(random.uniform(0.5, 0.76)) if strained else float(random.beta(1.6, 5.0)) * 0.6
    crypto = sum(
        float(w) for c, w in zip(picks, weights, strict=True) if BY_CODE[str(c)].asset_class == "crypto"
    )
    most = (6.0 if desk == "PRIME" else 12.0) * (1 - crypto) + (4.5 if strained else 2.5) * crypto
    return equity * min(utilisation / ((1.1 if desk == "PRIME" else 1.2) * rate), most)


def position_of(
    random: np.random.Generator, account: AccountPlan, code: str, dollars: float, number: int
) -> PositionPlan:
    """A position of this notional, entered a little away from the start price."""
    size = lots(code, Decimal(repr(abs(dollars))))
    tick = Decimal(BY_CODE[code].tick)
    away = Decimal(
        repr(1 + float(random.normal()) * (0.02 if BY_CODE[code].asset_class == "crypto" else 0.004))
    )
    entry = (start_price(code) * away / tick).quantize(Decimal(1)) * tick
    isolated = account.mode == "isolated" or (account.mode == "hybrid" and number % 2 == 1)
    return PositionPlan(
        code,
        size if dollars > 0 else -size,
        entry,
        "isolated" if isolated else "cross",
        strategy=f"s{number + 1}",
    )


def fund(random: np.random.Generator, account: AccountPlan, client: ClientPlan, equity: float) -> None:
    """Put money in: a fair pocket for each isolated position, the rest in the wallet."""
    dollars = Decimal(repr(equity))
    for position in account.positions:
        if position.mode == "isolated":
            notional = abs(position.quantity) * unit_notional(position.instrument)
            pocket = notional * maintenance_rate(position.instrument, notional) * between(random, 3.5, 9)
            position.isolated_margin = money(account.base, max(pocket, notional / 6) - unrealised(position))
    cross = sum((unrealised(p) for p in account.positions if p.mode == "cross"), Decimal(0))
    wallet = max(dollars - cross, dollars / 4)
    side = str(random.choice(["USDT", "BTC", "ETH", "EUR", account.base]))
    part = between(random, 0.1, 0.3) if side != account.base and equity > 5_000 else Decimal(0)
    account.wallet[account.base] = money(account.base, wallet * (1 - part))
    if part:
        account.wallet[side] = money(side, wallet * part)


def between(random: np.random.Generator, low: float, high: float) -> Decimal:
    return Decimal(repr(float(random.uniform(low, high))))
