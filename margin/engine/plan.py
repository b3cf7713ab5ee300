"""Reduction plans: what to close, in which order, to bring a pool back to its target.

Takes a pool, what closing costs and how to choose; gives ordered steps with the figures after each. Opposite
legs of one underlying are cut together, in proportion, whatever the offset: closing half a hedge would open a
bet. Cuts are rounded up to the lot; the target is tested after each step's cost; the plan ends at the target.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, PositionFigures, known
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, risk_of
from margin.engine.trades import Fill, cost_of, filled
from margin.engine.types import ONE, ZERO, Account, Instrument, Market, Policy, Position, total_of

FINEST = 10_000


class Choose(StrEnum):
    LEAST_COST = "least_cost"
    LARGEST_LOSS = "largest_loss"
    LARGEST_MARGIN = "largest_margin"


@dataclass(frozen=True, slots=True)
class Cut:
    """`quantity` is signed like the order that makes the cut."""

    ref: str
    quantity: Fraction


@dataclass(frozen=True, slots=True)
class Step:
    """One group cut, with the pool before and after its cost."""

    underlying: str
    cuts: tuple[Cut, ...]
    cost: Fraction
    before: Risk
    after: Risk


@dataclass(frozen=True, slots=True)
class Plan:
    """`attained` False: everything that helps has been cut and the target is still not met."""

    steps: tuple[Step, ...]
    attained: bool
    account: Account

    @property
    def cost(self) -> Fraction:
        return total_of(step.cost for step in self.steps)


@dataclass(frozen=True, slots=True)
class _Group:
    underlying: str
    positions: tuple[Position, ...]

    @property
    def finest(self) -> int:
        """Into how many equal parts the group can be cut: as many as its largest position has lots."""
        lots = [
            ceil(abs(p.quantity) / p.instrument.lot) if p.instrument.lot else FINEST for p in self.positions
        ]
        return max(lots)

    def cuts(self, part: Fraction) -> tuple[Cut, ...]:
        """The same part of every position, rounded up to its lot, never more than there is."""
        return tuple(Cut(p.ref, -_rounded_up(p, part)) for p in self.positions)


def _rounded_up(position: Position, part: Fraction) -> Fraction:
    size, lot = abs(position.quantity), position.instrument.lot
    wanted = size * part
    if lot:
        wanted = min(size, ceil(wanted / lot) * lot)
    return wanted if position.quantity > 0 else -wanted


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a plan is made with."""

    market: Market
    policy: Policy
    pool: str
    cost_shares: Mapping[str, Fraction]

    def risk(self, account: Account) -> Risk:
        found = assess(account, self.market, self.policy)
        pool = next((pool for pool in found.pools if pool.pool == self.pool), None)
        return risk_of(pool) if pool is not None else Risk()

    def meets_target(self, risk: Risk) -> bool:
        return risk.house <= self.policy.target * risk.equity

    def cut(self, account: Account, cuts: Sequence[Cut]) -> tuple[Account, Fraction]:
        """The account after the cuts at today's marks, and what they cost."""
        positions = {position.ref: position for position in account.positions}
        spent = ZERO
        for cut in cuts:
            position = positions[cut.ref]
            instrument = position.instrument
            mark, rate = self.market.marks[instrument.code].price, self._rate(account, instrument)
            price = known(mark)
            share = self.cost_shares.get(instrument.code, ZERO)
            cost = cost_of(instrument, cut.quantity, price, rate, share)
            fill = Fill(cut.ref, instrument, position.mode, cut.quantity, price, rate, cost)
            account, spent = filled(account, fill), spent + cost
        return account, spent

    def _rate(self, account: Account, instrument: Instrument) -> Fraction:
        return known(self.market.rate_of(instrument))


def reduction_plan(
    account: Account,
    market: Market,
    policy: Policy,
    *,
    pool: str,
    cost_shares: Mapping[str, Fraction],
    choose: Choose = Choose.LEAST_COST,
) -> Plan | None:
    """None where the pool is unknown: no plan rests on a missing input. `cost_shares` is per notional."""
    figures = assess(account, market, policy)
    found = figures.pool(pool)
    if found.equity is None or found.unknown_because:
        return None
    desk = _Desk(market, policy, pool, cost_shares)
    steps: list[Step] = []
    risk = desk.risk(account)
    for group in _ordered(_groups(account, pool), account, figures, desk, choose):
        if desk.meets_target(risk):
            break
        step, account = _step(group, account, risk, desk)
        if step is not None:
            steps.append(step)
            risk = step.after
    return Plan(tuple(steps), desk.meets_target(risk), account)


def _groups(account: Account, pool: str) -> list[_Group]:
    """Positions of one underlying belong together; what names none stands for itself."""
    by_underlying: dict[str, list[Position]] = defaultdict(list)
    for position in account.positions:
        if position.pool == pool:
            by_underlying[position.instrument.asset].append(position)
    return [_Group(name, tuple(positions)) for name, positions in sorted(by_underlying.items())]


def _step(group: _Group, account: Account, risk: Risk, desk: _Desk) -> tuple[Step | None, Account]:
    """The smallest cut that meets the target, the whole group if none does, nothing if it frees nothing."""
    after, cost = desk.cut(account, group.cuts(ONE))
    if desk.risk(after).house >= risk.house:
        return None, account
    low, high = 0, group.finest
    while low + 1 < high:
        middle = (low + high) // 2
        trial, _ = desk.cut(account, group.cuts(Fraction(middle, group.finest)))
        low, high = (low, middle) if desk.meets_target(desk.risk(trial)) else (middle, high)
    cuts = group.cuts(Fraction(high, group.finest))
    after, cost = desk.cut(account, cuts)
    return Step(group.underlying, cuts, cost, risk, desk.risk(after)), after


def _ordered(
    groups: Sequence[_Group], account: Account, figures: AccountFigures, desk: _Desk, choose: Choose
) -> list[_Group]:
    """By the chosen rule; of equals the larger requirement first."""
    rows = {row.ref: row for row in figures.positions}
    keys: Mapping[Choose, Callable[[_Group], Fraction]] = {
        Choose.LEAST_COST: lambda group: _cost_per_released(group, account, desk),
        Choose.LARGEST_LOSS: lambda group: total_of(known(r.unrealised_pnl) for r in _rows(group, rows)),
        Choose.LARGEST_MARGIN: lambda group: ZERO,
    }
    largest = {
        group.underlying: total_of(known(r.maintenance) for r in _rows(group, rows)) for group in groups
    }
    return sorted(groups, key=lambda group: (keys[choose](group), -largest[group.underlying]))


def _rows(group: _Group, rows: Mapping[str, PositionFigures]) -> list[PositionFigures]:
    return [rows[position.ref] for position in group.positions]


def _cost_per_released(group: _Group, account: Account, desk: _Desk) -> Fraction:
    """Cost of closing the whole group over the requirement it frees; what frees nothing comes last."""
    before = desk.risk(account)
    after, cost = desk.cut(account, group.cuts(ONE))
    released = before.house - desk.risk(after).house
    return cost / released if released > 0 else Fraction(10**18)
