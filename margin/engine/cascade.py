"""Cascade: forced closing moves prices, which forces more closing.

Takes accounts, a first shock and how deep markets are; gives the rounds until it is quiet, who was closed in
which order, and who pays. The model, no more than a model: closing N of an instrument moves its mark against
the closer by N/depth of its price, at most by a bound each round; everything closed in a round is filled at
the mark it leaves behind. What a closed pool lacks is paid by the insurance fund while it lasts, then by the
house.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from margin.engine.exact import assess
from margin.engine.figures import Level, PoolFigures, known
from margin.engine.rational import Fraction
from margin.engine.risk import risk_of
from margin.engine.stress import AssetLoadings, Stress, Subject, shocked_market
from margin.engine.trades import Fill, cost_of, filled
from margin.engine.types import ZERO, Account, Instrument, Mark, Market, total_of

GRAIN = 10**12


@dataclass(frozen=True, slots=True)
class Impact:
    """`depth`: notional in reporting currency that would move a price by all of it; not given, no impact."""

    depth: Mapping[str, Fraction]
    most_per_round: Fraction = Fraction(25, 100)
    cost_shares: Mapping[str, Fraction] = field(default_factory=dict)

    def move(self, instrument: str, flow: Fraction, liquidity_factor: Fraction) -> Fraction:
        """The share by which this signed flow moves the price; thin markets move more."""
        depth = self.depth.get(instrument)
        if depth is None or not flow:
            return ZERO
        size = min(self.most_per_round, abs(flow) * liquidity_factor / depth)
        return size if flow > 0 else -size


@dataclass(frozen=True, slots=True)
class Closing:
    """One pool closed down. `equity` is what its pocket still holds: below zero is a shortfall."""

    round: int
    client: str
    account: str
    pool: str
    notional: Fraction
    equity: Fraction

    @property
    def shortfall(self) -> Fraction:
        return max(ZERO, -self.equity)


@dataclass(frozen=True, slots=True)
class CascadeResult:
    """Money in the reporting currency. `is_quiet` False: it went on when the bound of rounds was reached."""

    closings: tuple[Closing, ...]
    moves: tuple[Mapping[str, Fraction], ...]
    is_quiet: bool
    fund_used: Fraction
    house_loss: Fraction

    @property
    def rounds(self) -> int:
        return len(self.moves)

    def shortfall_by_client(self) -> dict[str, Fraction]:
        found: dict[str, Fraction] = defaultdict(lambda: ZERO)
        for closing in self.closings:
            if closing.shortfall:
                found[closing.client] += closing.shortfall
        return dict(found)

    def shortfall_of(self, *, isolated: bool) -> Fraction:
        """An isolated pocket caps what its client loses, not what the house does."""
        own = (c for c in self.closings if (c.pool != "cross") is isolated)
        return total_of(closing.shortfall for closing in own)

    def share_of_largest(self, count: int = 5) -> Fraction | None:
        """How much of all that was closed came from the few largest accounts."""
        by_account: dict[str, Fraction] = defaultdict(lambda: ZERO)
        for closing in self.closings:
            by_account[closing.account] += closing.notional
        whole = total_of(by_account.values())
        return total_of(sorted(by_account.values(), reverse=True)[:count]) / whole if whole else None


def cascade(
    subjects: Sequence[Subject],
    shock: Stress,
    impact: Impact,
    *,
    fund: Fraction = ZERO,
    most_rounds: int = 20,
    asset_loadings: AssetLoadings | None = None,
) -> CascadeResult:
    """From the first shock on, round by round, until nothing must be closed or the bound is reached."""
    now = [replace(s, market=shocked_market(s, shock, asset_loadings or {})) for s in subjects]
    closings: list[Closing] = []
    moves: list[Mapping[str, Fraction]] = []
    is_quiet = False
    for number in range(1, most_rounds + 1):
        due = [_due(subject) for subject in now]
        if not any(due):
            is_quiet = True
            break
        moved = _moves(now, due, impact, shock.liquidity_factor)
        now = [replace(s, market=_moved_market(s, moved)) for s in now]
        found = []
        for k, pools in enumerate(due):
            now[k], closed = _closed(now[k], pools, number, impact, shock.liquidity_factor)
            found += closed
        closings += [closing for _, closing in sorted(found, key=lambda pair: pair[0])]
        moves.append(moved)
    lacking = total_of(closing.shortfall for closing in closings)
    used = min(fund, lacking)
    return CascadeResult(tuple(closings), tuple(moves), is_quiet, used, lacking - used)


def _due(subject: Subject) -> list[PoolFigures]:
    """Pools in liquidation that still hold something and whose markets are open."""
    figures = assess(subject.account, subject.market, subject.policy)
    return [
        pool
        for pool in figures.pools
        if pool.level is Level.LIQUIDATION and pool.positions and not pool.closed_markets
    ]


def _moves(
    subjects: Sequence[Subject], due: Sequence[list[PoolFigures]], impact: Impact, liquidity_factor: Fraction
) -> dict[str, Fraction]:
    """Net flow per instrument: closing a long sells, closing a short buys."""
    flows: dict[str, Fraction] = defaultdict(lambda: ZERO)
    for subject, pools in zip(subjects, due, strict=True):
        for pool in pools:
            for row in pool.positions:
                flows[row.instrument] -= known(row.exposure) * subject.rate
    moves = {code: impact.move(code, flow, liquidity_factor) for code, flow in flows.items()}
    return {code: move for code, move in moves.items() if move}


def _moved_market(subject: Subject, moves: Mapping[str, Fraction]) -> Market:
    """Marks moved and written to twelve decimals, as prices are: exact fractions would grow for ever."""
    instruments = {p.instrument.code: p.instrument for p in subject.account.positions}
    marks = dict(subject.market.marks)
    for code, move in moves.items():
        if code in marks and code in instruments:
            marks[code] = _moved_mark(marks[code], instruments[code], move)
    return replace(subject.market, marks=marks)


def _moved_mark(mark: Mark, instrument: Instrument, move: Fraction) -> Mark:
    price = known(mark.price)
    moved = Fraction(round((price + abs(price) * move) * GRAIN), GRAIN)
    return replace(mark, price=moved if instrument.may_be_negative else max(Fraction(1, GRAIN), moved))


Ranked = tuple[tuple[Fraction, str, str], Closing]


def _closed(
    subject: Subject,
    pools: Sequence[PoolFigures],
    number: int,
    impact: Impact,
    liquidity_factor: Fraction,
) -> tuple[Subject, list[Ranked]]:
    """Each pool closed whole; ranked by how far below its requirement it had fallen."""
    found = []
    for pool in pools:
        account = _without_positions(subject, pool, impact, liquidity_factor)
        after = assess(account, subject.market, subject.policy)
        left = next((p.equity for p in after.pools if p.pool == pool.pool), None)
        equity = left or ZERO
        risk = risk_of(pool)
        closing = Closing(
            number,
            subject.client,
            account.code,
            pool.pool,
            known(pool.gross) * subject.rate,
            equity * subject.rate,
        )
        found.append(((risk.equity / risk.maintenance, account.code, pool.pool), closing))
        subject = replace(subject, account=account)
    return subject, found


def _without_positions(
    subject: Subject, pool: PoolFigures, impact: Impact, liquidity_factor: Fraction
) -> Account:
    account, market = subject.account, subject.market
    positions = {position.ref: position for position in account.positions}
    for row in pool.positions:
        position = positions[row.ref]
        price = known(market.marks[row.instrument].price)
        rate = known(market.rate_of(position.instrument))
        share = impact.cost_shares.get(row.instrument, ZERO) * liquidity_factor
        cost = cost_of(position.instrument, position.quantity, price, rate, share)
        account = filled(
            account,
            Fill(row.ref, position.instrument, position.mode, -position.quantity, price, rate, cost),
        )
    return account
