"""The life of a margin call: what is asked for, and what becomes of it at each run.

Takes what stands (or nothing), what was measured now, the time and the policy; gives the next step with a
named reason. Writes nothing and reads no clock. What people do (issue, extend, dispute, cancel) is written
elsewhere and comes in here as what stands. One call stands per account: what is missing later raises it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from margin.engine.figures import AccountFigures, Level, PoolFigures, known
from margin.engine.funding import top_up
from margin.engine.pools import CROSS, terms_of
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account, Policy


class Kind(StrEnum):
    """How much time there is."""

    INTRADAY = "intraday"
    URGENT = "urgent"


class Standing(StrEnum):
    """Where a call stands. Drafted: seen by the desk only; from issued on the client owes it."""

    DRAFT = "draft"
    ISSUED = "issued"
    OVERDUE = "overdue"
    MET = "met"
    CANCELLED = "cancelled"


class Deed(StrEnum):
    """What a run does with a call."""

    NOTHING = "nothing"
    DRAFT = "draft"
    AMEND = "amend"
    ISSUE = "issue"
    RAISE = "raise"
    FALL_DUE = "fall_due"
    MEET = "meet"
    CANCEL = "cancel"


class Because(StrEnum):
    """Why; kept in the call's history and asserted in tests."""

    NOT_CALLED = "not_called"
    BELOW_MINIMUM = "below_minimum"
    SHORT_OF_HOUSE = "short_of_house"
    UNKNOWN_FIGURE = "unknown_figure"
    STANDS = "stands"
    WAITED_LONG_ENOUGH = "waited_long_enough"
    MORE_IS_MISSING = "more_is_missing"
    ANOTHER_AMOUNT = "another_amount"
    PAID = "paid"
    BACK_AT_TARGET = "back_at_target"
    RECOVERED_BEFORE_ISSUE = "recovered_before_issue"
    PAST_DUE = "past_due"


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """A desk's choices: times and the least amount worth a call (in the account's base currency).

    A call is urgent where less than `urgent_share` of the house's margin above maintenance is left. It is
    raised by at least the least amount and `raise_share` of what is outstanding, unless it becomes urgent.
    """

    minimum: Fraction = ZERO
    intraday: timedelta = timedelta(minutes=60)
    urgent: timedelta = timedelta(minutes=15)
    issue_after: timedelta = timedelta(minutes=5)
    urgent_share: Fraction = Fraction(1, 4)
    raise_share: Fraction = Fraction(1, 10)
    recovered_at: Fraction = Fraction(98, 100)

    def time_for(self, kind: Kind) -> timedelta:
        return self.urgent if kind is Kind.URGENT else self.intraday


@dataclass(frozen=True, slots=True)
class Missing:
    """What one pool lacks to its target, in the account's base currency."""

    pool: str
    level: Level
    equity: Fraction
    house: Fraction
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Need:
    """What an account lacks now. `pools` are those a call asks for: short of the house's requirement.

    An isolated pool in liquidation is not among them: it closes alone, and nobody owes it anything. The cross
    pool is, but nothing is drafted for what is to be closed down already.
    """

    pools: tuple[Missing, ...] = ()
    unknown: bool = False
    at_target: bool = True
    recovered: bool = True
    kind: Kind = Kind.INTRADAY

    @property
    def called(self) -> bool:
        return bool(self.pools)

    @property
    def may_be_drafted(self) -> bool:
        return any(pool.level is Level.MARGIN_CALL for pool in self.pools)

    @property
    def amount(self) -> Fraction:
        return sum((own.amount for own in self.pools), ZERO)


def need(account: Account, figures: AccountFigures, policy: Policy, terms: CallPolicy) -> Need:
    """What the account's pools lack: none of it where a pool is unknown, since nothing may rest on that."""
    if any(pool.level is Level.UNKNOWN for pool in figures.pools):
        return Need(unknown=True, at_target=False, recovered=False)
    short = [pool for pool in figures.pools if _asks(pool)]
    return Need(
        pools=tuple(_missing(account, figures, policy, pool) for pool in short),
        at_target=all(_within(pool, policy.target) for pool in figures.pools),
        recovered=all(_within(pool, terms.recovered_at) for pool in figures.pools),
        kind=Kind.URGENT if any(_is_urgent(pool, terms) for pool in short) else Kind.INTRADAY,
    )


def to_target(account: Account, figures: AccountFigures, policy: Policy) -> Fraction | None:
    """What would bring every pool that owes it back to its target now; None where one of them is unknown."""
    if any(pool.level is Level.UNKNOWN for pool in figures.pools):
        return None
    short = [pool for pool in figures.pools if not _within(pool, policy.target) and not _closes_alone(pool)]
    return sum((_missing(account, figures, policy, pool).amount for pool in short), ZERO)


def _closes_alone(pool: PoolFigures) -> bool:
    return pool.level is Level.LIQUIDATION and pool.pool != CROSS


def _asks(pool: PoolFigures) -> bool:
    return pool.level in (Level.MARGIN_CALL, Level.LIQUIDATION) and not _closes_alone(pool)


def _missing(account: Account, figures: AccountFigures, policy: Policy, pool: PoolFigures) -> Missing:
    """Where no deposit of the base currency attains the target (its last haircut counts nothing): the gap."""
    equity, house = known(pool.equity), known(pool.house_maintenance)
    amount = top_up(account, figures, policy, pool=pool.pool, asset=account.base, price=ONE)
    step = terms_of(account, account.base).step
    gap = ceil((house / policy.target - equity) / step) * step
    return Missing(pool.pool, pool.level, equity, house, gap if amount is None else amount)


def _within(pool: PoolFigures, share: Fraction) -> bool:
    return known(pool.house_maintenance) <= share * known(pool.equity)


def _is_urgent(pool: PoolFigures, terms: CallPolicy) -> bool:
    above = known(pool.equity) - known(pool.maintenance)
    return above < terms.urgent_share * (known(pool.house_maintenance) - known(pool.maintenance))


@dataclass(frozen=True, slots=True)
class Call:
    """What stands. `since` is when it was drafted; `due` only where it is owed."""

    standing: Standing
    amount: Fraction
    paid: Fraction
    since: datetime
    due: datetime | None = None
    kind: Kind = Kind.INTRADAY

    @property
    def outstanding(self) -> Fraction:
        return max(ZERO, self.amount - self.paid)


@dataclass(frozen=True, slots=True)
class Step:
    """`amount` is what the call is for after it."""

    deed: Deed
    because: Because
    amount: Fraction = ZERO


def decide(call: Call | None, lacks: Need, now: datetime, terms: CallPolicy) -> Step:
    """The next step. An unknown figure drafts, raises and meets nothing; time goes on all the same."""
    if call is None:
        return _first(lacks, terms)
    if call.standing is Standing.DRAFT:
        return _drafted(call, lacks, now, terms)
    return _owed(call, lacks, now, terms)


def _first(lacks: Need, terms: CallPolicy) -> Step:
    if lacks.unknown:
        return Step(Deed.NOTHING, Because.UNKNOWN_FIGURE)
    if not lacks.may_be_drafted:
        return Step(Deed.NOTHING, Because.NOT_CALLED)
    if lacks.amount < terms.minimum:
        return Step(Deed.NOTHING, Because.BELOW_MINIMUM)
    return Step(Deed.DRAFT, Because.SHORT_OF_HOUSE, lacks.amount)


def _drafted(call: Call, lacks: Need, now: datetime, terms: CallPolicy) -> Step:
    if lacks.unknown:
        return Step(Deed.NOTHING, Because.UNKNOWN_FIGURE, call.amount)
    if lacks.recovered:
        return Step(Deed.CANCEL, Because.RECOVERED_BEFORE_ISSUE, call.amount)
    amount = lacks.amount if lacks.called else call.amount
    if lacks.called and now - call.since >= terms.issue_after:
        return Step(Deed.ISSUE, Because.WAITED_LONG_ENOUGH, amount)
    if amount != call.amount:
        return Step(Deed.AMEND, Because.ANOTHER_AMOUNT, amount)
    return Step(Deed.NOTHING, Because.STANDS, amount)


def _owed(call: Call, lacks: Need, now: datetime, terms: CallPolicy) -> Step:
    """What is paid or no longer needed ends it; what more is missing is added; then time is asked."""
    if not lacks.unknown:
        if call.outstanding == 0 and (not lacks.called or lacks.amount < terms.minimum):
            return Step(Deed.MEET, Because.PAID, call.amount)
        if not lacks.called and lacks.at_target:
            return Step(Deed.MEET, Because.BACK_AT_TARGET, call.amount)
    if lacks.called and _is_raised(call, lacks, terms):
        return Step(Deed.RAISE, Because.MORE_IS_MISSING, call.paid + lacks.amount)
    if call.standing is Standing.ISSUED and call.due is not None and now >= call.due:
        return Step(Deed.FALL_DUE, Because.PAST_DUE, call.amount)
    return Step(Deed.NOTHING, Because.UNKNOWN_FIGURE if lacks.unknown else Because.STANDS, call.amount)


def _is_raised(call: Call, lacks: Need, terms: CallPolicy) -> bool:
    """No tick writes a letter: what more is missing is worth one, or the time is shorter now."""
    more = lacks.amount - call.outstanding
    if lacks.kind is Kind.URGENT and call.kind is not Kind.URGENT:
        return more > 0
    return more > 0 and more >= max(terms.minimum, terms.raise_share * call.outstanding)
