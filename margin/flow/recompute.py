"""Step 2, recompute: every pool's equity and requirement, from scratch, at one vector of pinned prices.

Takes a book and the pinned marks; gives the figures of every sub-account of the shard. One that fails is
marked unknown with the reason and never stops the others. Reads no clock and writes nothing: the same
inputs give the same figures, which is what a replay relies on.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from margin.book.book import Book
from margin.book.facts import AccountFact, Unusable
from margin.book.marks import Pinned
from margin.book.rates import RateGraph
from margin.engine.distance import Distance, Distances, distances
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level, PoolFigures, PositionFigures
from margin.engine.liquidation import HurtPrices, prices_that_hurt
from margin.engine.pools import CROSS
from margin.engine.types import Market, PriceState
from riskdesk.errors import Broken

log = structlog.get_logger(__name__)

ENGINE_FAULTS = (ArithmeticError, AttributeError, Broken, LookupError, TypeError, ValueError)
"""What crooked input or a fault of ours can raise in pure arithmetic. It closes one account, not the run."""

NOWHERE = Distances(Distance(), None, Distance())


@dataclass(frozen=True, slots=True)
class Measured:
    """One sub-account as this run sees it."""

    fact: AccountFact
    figures: AccountFigures
    distances: Distances = NOWHERE
    hurt: Mapping[str, HurtPrices] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Computed:
    """All figures of one run, with what they rest on."""

    book: Book
    pinned: Mapping[str, Pinned]
    markets: "Markets"
    at: datetime
    accounts: Mapping[int, Measured]
    """By the id of the sub-account, in the order of codes."""

    def at_levels(self, levels: Collection[Level]) -> frozenset[int]:
        """The sub-accounts at one of these levels."""
        every = self.accounts.items()
        return frozenset(account_id for account_id, one in every if one.figures.level in levels)

    def of_clients(self, clients: Set[int]) -> list[int]:
        """The sub-accounts of these clients."""
        facts = self.book.rules.accounts.items()
        return [account_id for account_id, fact in facts if fact.client_id in clients]

    def held_by_desk(self) -> Mapping[int, Set[str]]:
        """The instruments held, by desk."""
        held: dict[int, set[str]] = defaultdict(set)
        for measured in self.accounts.values():
            codes = {row.instrument for row in measured.figures.positions}
            held[self.book.rules.desk_of(measured.fact).id] |= codes
        return held

    def holders_of(self, instruments: Set[str]) -> frozenset[int]:
        """The sub-accounts that hold any of these."""
        return frozenset(
            account_id
            for account_id, measured in self.accounts.items()
            if any(row.instrument in instruments for row in measured.figures.positions)
        )


Inputs = tuple[object, ...]
Memory = dict[int, tuple[Inputs, Measured]]
"""Figures of the run before, with exactly what they rest on. Equal inputs have equal figures."""


def recompute(
    book: Book,
    pinned: Mapping[str, Pinned],
    at: datetime,
    *,
    keep_alive: Callable[[], None],
    memory: Memory | None = None,
) -> Computed:
    """Every sub-account of the shard. `keep_alive` is called before each: it renews the lease when due.

    With a memory, an account none of whose inputs differs keeps its figures; any other is measured from
    scratch, never adjusted from what it was.
    """
    markets = Markets(book, pinned)
    known: Memory = {} if memory is None else memory
    accounts = {}
    for account_id in book.account_ids():
        keep_alive()
        inputs = _inputs(book, account_id, markets)
        if account_id not in known or known[account_id][0] != inputs:
            known[account_id] = (inputs, measure(book, account_id, markets))
        accounts[account_id] = known[account_id][1]
    return Computed(book, pinned, markets, at, accounts)


def _inputs(book: Book, account_id: int, markets: "Markets") -> Inputs:
    """All that `measure` looks at: the account with its terms, the policy, its marks and its rates."""
    fact = book.rules.accounts[account_id]
    account = book.account(account_id)
    policy = book.rules.desk_of(fact).policy
    if isinstance(account, Unusable):
        return fact, account, policy, book.reached
    market = markets.seen_from(account.base)
    codes = [position.instrument.code for position in account.positions]
    assets = {position.instrument.settlement for position in account.positions}
    assets |= {holding.asset for holding in account.holdings}
    return (
        fact,
        Same(account),
        policy,
        *(market.marks.get(code) for code in codes),
        *(market.rates.get(asset) for asset in sorted(assets)),
    )


class Same:
    """The very same object: the book keeps it until a fact of it changes, and comparing it whole is slow."""

    def __init__(self, account: object) -> None:
        self.account = account

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.account is other.account

    __hash__ = None  # type: ignore[assignment]  # how Python itself says: not hashable


class Markets:
    """The run's prices as each base currency sees them, made once per currency."""

    def __init__(self, book: Book, pinned: Mapping[str, Pinned]) -> None:
        self.rates = RateGraph(book.rules.edges, pinned)
        self.marks = {code: price.as_mark() for code, price in pinned.items()}
        self.assets = sorted(book.rules.scales)
        self.made: dict[str, Market] = {}

    def seen_from(self, base: str) -> Market:
        if base not in self.made:
            self.made[base] = Market(base, self.marks, self.rates.rates_to(base, self.assets))
        return self.made[base]


def measure(book: Book, account_id: int, markets: Markets) -> Measured:
    """One sub-account with its distances and prices, or the reason why it is unknown."""
    return _measured(book, account_id, markets, far=True)


def figures_of(book: Book, account_id: int, markets: Markets) -> Measured:
    """One sub-account without the distances, which cost most and decide nothing."""
    return _measured(book, account_id, markets, far=False)


def _measured(book: Book, account_id: int, markets: Markets, *, far: bool) -> Measured:
    fact = book.rules.accounts[account_id]
    try:
        account = book.account(account_id)
        if isinstance(account, Unusable):
            return Measured(fact, _unknown(book, fact, account.because, markets))
        policy = book.rules.desk_of(fact).policy
        figures = assess(account, markets.seen_from(account.base), policy)
        if not far:
            return Measured(fact, figures)
        return Measured(
            fact, figures, distances(account, figures, policy), prices_that_hurt(account, figures, policy)
        )
    except ENGINE_FAULTS as fault:
        log.exception("account.not_computed", account=fact.code)
        because = f"not computed: {type(fault).__name__} {fault}"[:300]
        return Measured(fact, _unknown(book, fact, (because,), markets))


def _unknown(book: Book, fact: AccountFact, because: tuple[str, ...], markets: Markets) -> AccountFigures:
    """No figure at all; the positions are still listed, so that nobody takes them for closed."""
    codes = {guarded.id: code for code, guarded in book.rules.guarded.items()}
    rows = []
    for position in book.facts_of(fact.id):
        code = codes[position.instrument_id]
        mark = markets.marks.get(code)
        state = mark.state if mark else PriceState.MISSING
        rows.append(PositionFigures(position.ref, code, CROSS, mark.price if mark else None, state))
    pool = PoolFigures(CROSS, Level.UNKNOWN, unknown_because=because, positions=tuple(rows))
    return AccountFigures(fact.code, fact.base, Level.UNKNOWN, CROSS, (pool,), unknown_because=because)
