"""A whole book in columns: what the kernels read.

Takes accounts (or arrays loaded elsewhere); gives columns sorted by pool, instrument and side, so that a leg
lies together, and the small tables of rules beside them. Sizes are multiplied by the contract size here,
once. Decimals of up to 15 digits survive as float64; decisions that hang on more are made again exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from margin.engine.pools import CROSS, Pool, pools_of
from margin.engine.rational import Fraction
from margin.engine.types import Account, AssetTerms, AtThreshold, Instrument, Kind, Offsets, Policy, Position
from margin.engine.whole import has_whole_rules

Floats = NDArray[np.float64]
Ints = NDArray[Any]

MOST_TIERS = 8
MOST_HAIRCUTS = 4
SPECIAL, TWICE = 1, 2
"""Flags of a pool: it is decided exactly whatever the figures say; it holds some instrument in two rows."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Tables with a row an instrument, asset or desk.

    `underlying` is the row of the asset an instrument names, -1 for none (or none that is held); `by_search`
    are instruments whose liquidation price has no formula here. `thresholds` per desk: watch, at risk,
    danger, 1 where equality is short, 1 where hedges offset. `leverages` is 1/leverage by code, code 0 for
    none chosen.
    """

    codes: tuple[str, ...]
    inverse: NDArray[np.bool_]
    may_be_negative: NDArray[np.bool_]
    reference: Floats
    buffer: Floats
    settlement: Ints
    underlying: Ints
    by_search: NDArray[np.bool_]
    tier_count: Ints
    floors: Floats
    initial_rates: Floats
    charges: Floats
    deductions: Floats
    assets: tuple[str, ...]
    haircut_count: Ints
    haircut_floors: Floats
    haircut_rates: Floats
    haircut_offsets: Floats
    liability_initial: Floats
    liability_maintenance: Floats
    thresholds: Floats
    leverages: Floats


class Columns(NamedTuple):
    """Positions in pool order; a pool's positions and balances are a stretch of rows.

    A tuple, because kernels take tuples of arrays. `size` is the signed quantity times the contract size,
    `entries` size * entry, of inverse contracts size / entry. `pool_flags`: SPECIAL for caps of an account
    and rules of a whole pool, TWICE for a pool whose rows must be merged into legs. `account_start` is each
    account's cross pool.
    """

    instrument: NDArray[np.uint16]
    lever: NDArray[np.uint16]
    size: Floats
    entries: Floats
    pool_start: NDArray[np.int32]
    pool_base: NDArray[np.uint8]
    pool_desk: NDArray[np.uint8]
    pool_flags: NDArray[np.uint8]
    pool_buffer: Floats
    balance_start: NDArray[np.int32]
    balance_asset: NDArray[np.uint16]
    balance_amount: Floats
    account_start: NDArray[np.int32]

    @property
    def position_count(self) -> int:
        return len(self.instrument)

    @property
    def pool_count(self) -> int:
        return len(self.pool_base)

    @property
    def account_count(self) -> int:
        return len(self.account_start) - 1

    @property
    def bytes_held(self) -> int:
        return sum(column.nbytes for column in self)


@dataclass(frozen=True, slots=True)
class Built:
    """Columns with the names of their rows."""

    rules: Rules
    columns: Columns
    bases: tuple[str, ...]
    pools: tuple[tuple[Account, str], ...]
    refs: tuple[str, ...]


def build(accounts: Sequence[Account], policy: Policy) -> Built:
    """From the exact nouns; accounts of several bases, one desk."""
    instruments = {p.instrument.code: p.instrument for a in accounts for p in a.positions}
    terms: dict[str, AssetTerms] = {}
    for account in accounts:
        for asset in {h.asset for h in account.holdings} | {
            p.instrument.settlement for p in account.positions
        }:
            terms.setdefault(asset, account.terms.get(asset, AssetTerms(asset)))
    leverages = sorted({p.leverage for a in accounts for p in a.positions if p.leverage})
    rules = rules_of(list(instruments.values()), list(terms.values()), leverages, [policy])
    bases = tuple(sorted({account.base for account in accounts}))
    return _columns(accounts, rules, bases, policy, leverages)


def rules_of(
    instruments: Sequence[Instrument],
    terms: Sequence[AssetTerms],
    leverages: Sequence[Fraction],
    policies: Sequence[Policy],
) -> Rules:
    """A row each, in the order given; assets that only an underlying names come after the others."""
    assets = {own.asset: k for k, own in enumerate(terms)}
    names = tuple(assets)
    tiers = [i.schedule.tiers for i in instruments]
    cuts = [own.haircuts for own in terms]
    return Rules(
        codes=tuple(i.code for i in instruments),
        inverse=np.array([i.kind is Kind.INVERSE for i in instruments], dtype=np.bool_),
        may_be_negative=np.array([i.allow_negative for i in instruments], dtype=np.bool_),
        reference=_floats(i.reference_price if i.allow_negative else 0 for i in instruments),
        buffer=_floats(i.buffer for i in instruments),
        settlement=np.array([assets[i.settlement] for i in instruments], dtype=np.int64),
        underlying=np.array([_underlying_row(i, assets) for i in instruments], dtype=np.int64),
        by_search=np.array([_has_no_formula(i) for i in instruments], dtype=np.bool_),
        tier_count=np.array([len(own) for own in tiers], dtype=np.int64),
        floors=_padded([[t.floor for t in own] for own in tiers], MOST_TIERS),
        initial_rates=_padded([[t.initial_rate for t in own] for own in tiers], MOST_TIERS),
        charges=_padded([i.schedule.charges for i in instruments], MOST_TIERS),
        deductions=_padded([i.schedule.deductions for i in instruments], MOST_TIERS),
        assets=names,
        haircut_count=np.array([len(own.tiers) for own in cuts], dtype=np.int64),
        haircut_floors=_padded([own.floors for own in cuts], MOST_HAIRCUTS),
        haircut_rates=_padded([[t.rate for t in own.tiers] for own in cuts], MOST_HAIRCUTS),
        haircut_offsets=_padded([own.offsets for own in cuts], MOST_HAIRCUTS),
        liability_initial=_floats(own.liability_initial for own in terms),
        liability_maintenance=_floats(own.liability_maintenance for own in terms),
        thresholds=np.array([_thresholds(policy) for policy in policies], dtype=np.float64),
        leverages=_floats([Fraction(0), *(1 / leverage for leverage in leverages)]),
    )


def _underlying_row(instrument: Instrument, assets: dict[str, int]) -> int:
    """Each name its own row, also where nobody holds the asset: instruments on it move together."""
    return assets.setdefault(instrument.underlying, len(assets)) if instrument.underlying else -1


def _has_no_formula(instrument: Instrument) -> bool:
    """With a floor under its price, a venue's own amounts, or a settlement rate that moves along."""
    moving_rate = instrument.kind is Kind.INVERSE and bool(instrument.underlying)
    floored = instrument.allow_negative and (instrument.reference_price > 0 or moving_rate)
    return floored or instrument.schedule.has_own_amounts or moving_rate


def _thresholds(policy: Policy) -> list[float]:
    return [
        float(policy.watch),
        float(policy.at_risk),
        float(policy.danger),
        float(policy.at_threshold is AtThreshold.LE),
        float(policy.offsets is Offsets.HEDGE),
    ]


def _floats(numbers: Any) -> Floats:
    return np.array([float(number) for number in numbers], dtype=np.float64)


def _padded(rows: Sequence[Sequence[Fraction]], width: int) -> Floats:
    if any(len(row) > width for row in rows):
        raise ValueError(f"more than {width} tiers")
    found = np.zeros((len(rows), width), dtype=np.float64)
    for k, row in enumerate(rows):
        found[k, : len(row)] = [float(number) for number in row]
    return found


def _columns(
    accounts: Sequence[Account],
    rules: Rules,
    bases: tuple[str, ...],
    policy: Policy,
    leverages: Sequence[Fraction],
) -> Built:
    writer = _Writer(rules, bases, {leverage: k + 1 for k, leverage in enumerate(leverages)})
    for account in accounts:
        writer.account_start.append(len(writer.pools))
        for pool in pools_of(account):
            special = bool(account.recognised_caps) or (pool.name == CROSS and has_whole_rules(policy))
            writer.add(account, pool, special=special)
    return writer.done()


def flags_of(special: NDArray[np.bool_], instrument: Ints, pool_start: Ints) -> NDArray[np.uint8]:
    """By pool; rows of one instrument lie together."""
    again = np.zeros(len(instrument) + 1, dtype=np.int64)
    again[1:-1] = instrument[1:] == instrument[:-1]
    again[pool_start] = 0
    twice = np.diff(np.cumsum(again)[pool_start]) > 0
    return SPECIAL * special.astype(np.uint8) + TWICE * twice.astype(np.uint8)


class _Writer:
    """Collects rows in order; the lists become columns at the end."""

    def __init__(self, rules: Rules, bases: tuple[str, ...], levers: Mapping[Fraction, int]) -> None:
        self.rules, self.bases, self.levers = rules, bases, levers
        self.codes = {code: k for k, code in enumerate(rules.codes)}
        self.assets = {asset: k for k, asset in enumerate(rules.assets)}
        self.pools: list[tuple[Account, str]] = []
        self.refs: list[str] = []
        self.rows: list[tuple[int, int, float, float]] = []
        self.pool_rows: list[tuple[int, int, bool, float]] = []
        self.balances: list[tuple[int, float]] = []
        self.pool_start, self.balance_start = [0], [0]
        self.account_start: list[int] = []

    def add(self, account: Account, pool: Pool, *, special: bool) -> None:
        own = [p for positions in pool.by_instrument.values() for p in positions]
        for position in sorted(own, key=lambda p: (self.codes[p.instrument.code], p.quantity < 0)):
            self.rows.append(self._row(position))
            self.refs.append(position.ref)
        for asset, amount in pool.balances.items():
            self.balances.append((self.assets[asset], float(amount)))
        self.pools.append((account, pool.name))
        self.pool_rows.append((self.bases.index(account.base), 0, special, float(account.buffer)))
        self.pool_start.append(len(self.rows))
        self.balance_start.append(len(self.balances))

    def _row(self, position: Position) -> tuple[int, int, float, float]:
        instrument = position.instrument
        size = position.quantity * instrument.contract_size
        inverse = instrument.kind is Kind.INVERSE
        entries = size / position.entry_price if inverse else size * position.entry_price
        lever = self.levers[position.leverage] if position.leverage else 0
        return self.codes[instrument.code], lever, float(size), float(entries)

    def done(self) -> Built:
        rows = list(zip(*self.rows, strict=True)) or [(), (), (), ()]
        pools = list(zip(*self.pool_rows, strict=True)) or [(), (), (), ()]
        balances = list(zip(*self.balances, strict=True)) or [(), ()]
        instrument = np.array(rows[0], dtype=np.uint16)
        pool_start = np.array(self.pool_start, dtype=np.int32)
        columns = Columns(
            instrument=instrument,
            lever=np.array(rows[1], dtype=np.uint16),
            size=np.array(rows[2], dtype=np.float64),
            entries=np.array(rows[3], dtype=np.float64),
            pool_start=pool_start,
            pool_base=np.array(pools[0], dtype=np.uint8),
            pool_desk=np.array(pools[1], dtype=np.uint8),
            pool_flags=flags_of(np.array(pools[2], dtype=np.bool_), instrument, pool_start),
            pool_buffer=np.array(pools[3], dtype=np.float64),
            balance_start=np.array(self.balance_start, dtype=np.int32),
            balance_asset=np.array(balances[0], dtype=np.uint16),
            balance_amount=np.array(balances[1], dtype=np.float64),
            account_start=np.array([*self.account_start, len(self.pools)], dtype=np.int32),
        )
        return Built(self.rules, columns, self.bases, tuple(self.pools), tuple(self.refs))
