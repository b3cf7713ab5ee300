"""A large random book, the same from the same seed: what every engine benchmark computes.

Gives 1,000,000 positions of 100,000 sub-accounts in 500 instruments of one to eight tiers, with buffers, one
to three collateral assets each and a third of the positions isolated; as the engine's columns and, beside
them, as the plain numbers they were made of, for those that compute the same another way. Quantities have
three decimals and prices two, so all sides start from the same exact numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.columns import MOST_HAIRCUTS, MOST_TIERS, Columns, Rules, flags_of
from margin.engine.ticks import Quotes

SEED = 20261121
POSITIONS, ACCOUNTS, INSTRUMENTS = 1_000_000, 100_000, 500
ASSETS = ("USD", "EUR", "USDT", "BTC", "ETH")
DOLLARS = np.array([1.0, 1.08, 0.9998, 50_000.0, 3_000.0])
BASES = ("USD", "EUR")
LEVERAGES = (1, 2, 3, 5, 10, 20, 50, 100)
HAIRCUTS = ((0.0,), (0.0,), (0.02,), (0.05, 0.10, 0.20), (0.10, 0.20, 0.30))
HAIRCUT_FLOORS = (0.0, 100_000.0, 1_000_000.0)
FIRST_FLOORS = (25_000.0, 50_000.0, 250_000.0)

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Book:
    """The engine's side, and by position what it was made of."""

    rules: Rules
    columns: Columns
    quotes: Quotes
    contract_size: NDArray[np.float64]
    quantity: NDArray[np.float64]
    entry: NDArray[np.float64]
    position_pool: NDArray[np.int32]
    pool_account: NDArray[np.int32]


def random_book(positions: int = POSITIONS) -> Book:
    """Accounts grow with the positions; instruments do not."""
    rng = np.random.default_rng(SEED)
    accounts = max(1, positions * ACCOUNTS // POSITIONS)
    rules, contract_size = _rules(rng)
    quotes = _quotes(rng, rules)
    shares = rng.dirichlet(np.full(accounts, 2.0))
    account = np.sort(rng.choice(accounts, positions, p=shares)).astype(np.int32)
    isolated = rng.random(positions) < 1 / 3
    pool, pool_account, account_start = _pools(account, isolated, accounts)
    instrument = rng.integers(0, INSTRUMENTS, positions).astype(np.uint16)
    mark = quotes.marks[instrument]
    entry = np.maximum(0.01, np.round(mark * rng.normal(1.0, 0.02, positions).clip(0.8, 1.2), 2))
    notional = 10 ** rng.normal(3.9, 0.8, positions)
    unit = contract_size[instrument] * np.where(rules.inverse[instrument], DOLLARS[3] / mark, mark)
    quantity = np.maximum(0.001, np.round(notional / unit, 3)) * rng.choice([1.0, -1.0], positions)
    order = np.lexsort((quantity < 0, instrument, pool))
    pool, instrument, entry, quantity = pool[order], instrument[order], entry[order], quantity[order]
    size = quantity * contract_size[instrument]
    inverse = rules.inverse[instrument]
    lever = np.where(rng.random(positions) < 0.5, 0, rng.integers(1, len(LEVERAGES) + 1, positions))
    needed = np.bincount(pool, np.abs(notional[order]), len(pool_account))
    balances = _balances(rng, needed, account_start)
    account_base = (rng.random(accounts) < 0.1).astype(np.uint8)
    buffers = rng.choice([0.0, 0.05, 0.10, 0.25], accounts)
    pool_start = np.searchsorted(pool, np.arange(len(pool_account) + 1)).astype(np.int32)
    columns = Columns(
        instrument=instrument,
        lever=lever.astype(np.uint16),
        size=size,
        entries=np.where(inverse, size / entry, size * entry),
        pool_start=pool_start,
        pool_base=account_base[pool_account],
        pool_desk=np.zeros(len(pool_account), dtype=np.uint8),
        pool_flags=flags_of(np.zeros(len(pool_account), dtype=np.bool_), instrument, pool_start),
        pool_buffer=buffers[pool_account],
        balance_start=balances[0],
        balance_asset=balances[1],
        balance_amount=balances[2],
        account_start=account_start,
    )
    return Book(rules, columns, quotes, contract_size, quantity, entry, pool, pool_account)


def _rules(rng: np.random.Generator) -> tuple[Rules, NDArray[np.float64]]:
    """One tier in a quarter of the instruments, up to eight in the others; a tenth is coin-margined."""
    count = np.where(rng.random(INSTRUMENTS) < 0.25, 1, rng.integers(2, MOST_TIERS + 1, INSTRUMENTS))
    first = rng.choice(FIRST_FLOORS, INSTRUMENTS)
    step = np.arange(MOST_TIERS)
    floors = np.where(step == 0, 0.0, first[:, None] * 3.0 ** np.maximum(0, step - 1))
    rates = np.round(rng.choice([0.004, 0.005, 0.01, 0.02], INSTRUMENTS)[:, None] * 1.6**step, 4)
    rises = np.diff(rates, prepend=rates[:, :1])
    deductions = np.cumsum(floors * rises, axis=1)
    unused = step >= count[:, None]
    inverse = rng.random(INSTRUMENTS) < 0.1
    cuts = np.zeros((len(ASSETS), 3, MOST_HAIRCUTS))
    for k, own in enumerate(HAIRCUTS):
        cuts[k, 0, : len(own)], cuts[k, 1, : len(own)] = HAIRCUT_FLOORS[: len(own)], own
        cuts[k, 2, : len(own)] = np.cumsum(HAIRCUT_FLOORS[: len(own)] * np.diff(own, prepend=own[:1]))
    rules = Rules(
        codes=tuple(f"I{k:03}" for k in range(INSTRUMENTS)),
        inverse=inverse,
        may_be_negative=~inverse & (rng.random(INSTRUMENTS) < 0.02),
        reference=np.zeros(INSTRUMENTS),
        buffer=rng.choice([0.0, 0.0, 0.0, 0.05], INSTRUMENTS),
        settlement=np.where(inverse, 3, rng.choice([0, 0, 1, 2], INSTRUMENTS)),
        underlying=np.full(INSTRUMENTS, -1),
        by_search=np.zeros(INSTRUMENTS, dtype=np.bool_),
        tier_count=count,
        floors=np.where(unused, 0.0, np.where(inverse[:, None], floors / DOLLARS[3], floors)),
        initial_rates=np.where(unused, 0.0, np.round(rates * 1.5, 4)),
        charges=np.where(unused, 0.0, rates + 0.0005),
        deductions=np.where(unused, 0.0, np.where(inverse[:, None], deductions / DOLLARS[3], deductions)),
        assets=ASSETS,
        haircut_count=np.array([len(own) for own in HAIRCUTS]),
        haircut_floors=cuts[:, 0],
        haircut_rates=cuts[:, 1],
        haircut_offsets=cuts[:, 2],
        liability_initial=np.full(len(ASSETS), 0.10),
        liability_maintenance=np.full(len(ASSETS), 0.05),
        thresholds=np.array([[0.60, 0.70, 0.80, 0.0, 0.0]]),
        leverages=np.array([0.0, *(1 / leverage for leverage in LEVERAGES)]),
    )
    return rules, np.where(inverse, 10.0, rng.choice([1.0, 1.0, 0.1, 100.0], INSTRUMENTS))


def _quotes(rng: np.random.Generator, rules: Rules) -> Quotes:
    marks = np.round(10 ** rng.uniform(0.3, 4.8, INSTRUMENTS), 2)
    rates = np.array([DOLLARS / DOLLARS[ASSETS.index(base)] for base in BASES])
    own = np.array([ASSETS.index(base) for base in BASES])
    return Quotes(marks, rates, own, np.zeros(INSTRUMENTS, dtype=np.bool_))


def _pools(
    account: NDArray[np.int32], isolated: NDArray[np.bool_], accounts: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """By position its pool, by pool its account, by account its first pool: the cross pool, always there."""
    own = np.bincount(account[isolated], minlength=accounts)
    start = np.concatenate([[0], np.cumsum(own + 1)]).astype(np.int32)
    rank = np.cumsum(isolated) - np.concatenate([[0], np.cumsum(own)])[account]
    pool = start[account] + np.where(isolated, rank, 0)
    return pool.astype(np.int32), np.repeat(np.arange(accounts, dtype=np.int32), own + 1), start


def _balances(
    rng: np.random.Generator, needed: NDArray[np.float64], account_start: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.float64]]:
    """A pocket holds dollars; a wallet one to three assets, now and then a debt beside them."""
    pools = len(needed)
    held = np.ones(pools, dtype=np.int64)
    held[account_start[:-1]] = rng.integers(1, 4, len(account_start) - 1)
    start = np.concatenate([[0], np.cumsum(held)]).astype(np.int32)
    owner = np.repeat(np.arange(pools), held)
    nth = np.arange(start[-1]) - start[owner]
    asset = np.where(nth == 0, 0, np.where(nth == 1, rng.integers(1, 4, len(owner)), 4))
    share = rng.choice([0.1, 0.2, 0.5, 1.0], pools)[owner] / held[owner]
    worth = (needed[owner] * share + 100.0) * np.where((nth == 2) & (rng.random(len(owner)) < 0.1), -0.3, 1.0)
    return start, asset.astype(np.uint16), np.round(worth / DOLLARS[asset], 4)
