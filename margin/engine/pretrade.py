"""The gate: may this order be sent?

Takes an account, an order and what restrains it; gives a verdict with named reasons. It applies the order to
a copy and asks the ordinary question, so that the gate, liquidation and *now* can not disagree. What reduces
risk is let through even from an account that is short: enforcement never traps a client.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor

from margin.engine.capped import Seen, capped_legs, check_in_pool, check_leg, check_together
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Finding, PoolFigures, Severity
from margin.engine.limits import Cap
from margin.engine.measures import LimitKind
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, risk_of
from margin.engine.trades import Fill, cost_of, filled, position_called
from margin.engine.types import ZERO, Account, Instrument, Market, Mode, Policy, isolated_pocket


class Decision(StrEnum):
    ALLOW = "allow"
    REDUCE_TO = "reduce_to"
    REJECT = "reject"


class Control(StrEnum):
    """Imposed by the desk, beside the measured level."""

    OPEN = "open"
    REDUCE_ONLY = "reduce_only"
    FROZEN = "frozen"


class Why(StrEnum):
    REDUCES_RISK = "reduces_risk"
    COVERED = "covered"
    FROZEN = "frozen"
    REDUCE_ONLY = "reduce_only"
    NEWLY_SHORT = "newly_short"
    STILL_SHORT = "still_short"
    OTHER_POOL_SHORT = "other_pool_short"
    ADDS_RISK = "adds_risk"
    OVER_CAP = "over_cap"
    NO_CAP = "no_cap"
    POSITION_LIMIT = "position_limit"
    ACCOUNT_TEST = "account_test"
    UNKNOWN_FIGURE = "unknown_figure"
    NO_PRICE = "no_price"


@dataclass(frozen=True, slots=True)
class Order:
    """`quantity` is signed; `price` None is at the market. `ref` names the position it acts upon."""

    ref: str
    instrument: Instrument
    mode: Mode
    quantity: Fraction
    price: Fraction | None = None
    isolated_margin: Fraction = ZERO
    leverage: Fraction | None = None
    cost_share: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Restraints:
    """What holds beyond margin: the control, the caps, and a test over the account (True is met)."""

    control: Control = Control.OPEN
    account_caps: Sequence[Cap] = ()
    instrument_caps: Mapping[str, Sequence[Cap]] = field(default_factory=dict)
    account_test: Callable[[Account, AccountFigures], bool] | None = None


@dataclass(frozen=True, slots=True)
class Because:
    """One reason, with the limit it rests on and what was measured against it, where there is one."""

    why: Why
    pool: str = ""
    limit: str = ""
    measured: Fraction | None = None
    allowed: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`quantity` is signed like the order's: what may be sent now."""

    decision: Decision
    quantity: Fraction
    reasons: tuple[Because, ...]
    before: AccountFigures
    after: AccountFigures


def check(account: Account, order: Order, market: Market, policy: Policy, restraints: Restraints) -> Verdict:
    """The whole order, else the largest part of it that may be sent, in lots, else nothing."""
    before = assess(account, market, policy)
    if restraints.control is Control.FROZEN:
        return Verdict(Decision.REJECT, ZERO, (Because(Why.FROZEN),), before, before)
    gate = _Gate(account, order, market, policy, restraints, before)
    if gate.rate is None or gate.mark is None:
        return Verdict(Decision.REJECT, ZERO, (Because(Why.NO_PRICE),), before, before)
    reasons, after = gate.ask(order.quantity)
    if not reasons:
        return Verdict(Decision.ALLOW, order.quantity, (gate.praise(order.quantity),), before, after)
    part = gate.largest_part()
    decision = Decision.REDUCE_TO if part else Decision.REJECT
    return Verdict(decision, part, tuple(reasons), before, gate.ask(part)[1])


@dataclass(frozen=True, slots=True)
class _Gate:
    """One order under examination."""

    account: Account
    order: Order
    market: Market
    policy: Policy
    restraints: Restraints
    before: AccountFigures

    @property
    def mark(self) -> Fraction | None:
        mark = self.market.marks.get(self.order.instrument.code)
        return mark.price if mark else None

    @property
    def rate(self) -> Fraction | None:
        return self.market.rate_of(self.order.instrument)

    @property
    def closing(self) -> Fraction:
        """How much of the order only closes what is held."""
        held = position_called(self.account, self.order.ref)
        if held is None or held.quantity * self.order.quantity >= 0:
            return ZERO
        return min(abs(held.quantity), abs(self.order.quantity))

    def ask(self, quantity: Fraction) -> tuple[list[Because], AccountFigures]:
        """Reasons against this much of it, none if it may be sent, and the figures after."""
        closing = min(self.closing, abs(quantity)) * (1 if quantity > 0 else -1)
        after = self._figures(closing)
        reasons = self._against_reducing(after) if closing else []
        if reasons or closing == quantity:
            return reasons, after
        after = self._figures(quantity)
        return self._against_new_risk(quantity, after), after

    def praise(self, quantity: Fraction) -> Because:
        return Because(Why.REDUCES_RISK if abs(quantity) <= self.closing else Why.COVERED)

    def largest_part(self) -> Fraction:
        """In whole lots; without lots only the part that closes is tried."""
        sign = 1 if self.order.quantity > 0 else -1
        lot = self.order.instrument.lot
        if not lot:
            closing = sign * self.closing
            return closing if closing and not self.ask(closing)[0] else ZERO
        low, high = 0, floor(abs(self.order.quantity) / lot)
        while low < high:
            middle = (low + high + 1) // 2
            if self.ask(sign * middle * lot)[0]:
                high = middle - 1
            else:
                low = middle
        return sign * low * lot

    def _figures(self, quantity: Fraction) -> AccountFigures:
        return assess(self._after(quantity), self.market, self.policy)

    def _after(self, quantity: Fraction) -> Account:
        """Filled at the worse of the order's price and the mark, with its fee."""
        order, mark = self.order, self.mark
        if not quantity or mark is None or self.rate is None:
            return self.account
        price = mark if order.price is None else (max if quantity > 0 else min)(order.price, mark)
        opens = abs(quantity) > self.closing
        fill = Fill(
            order.ref,
            order.instrument,
            order.mode,
            quantity,
            price,
            self.rate,
            cost_of(order.instrument, quantity, price, self.rate, order.cost_share),
            order.isolated_margin if opens else ZERO,
            order.leverage,
        )
        return filled(self.account, fill)

    def _touched(self) -> set[str]:
        """Its own pool; and the pool that funds an isolated allocation or takes back what is left."""
        if self.order.mode is Mode.CROSS:
            return {CROSS}
        own = {isolated_pocket(self.order.ref)}
        return own | {CROSS} if self.order.isolated_margin else own

    def _against_reducing(self, after: AccountFigures) -> list[Because]:
        own = CROSS if self.order.mode is Mode.CROSS else isolated_pocket(self.order.ref)
        now, then = _pool(self.before, own), _pool(after, own)
        if now is None or then is None or not then.positions:
            return []
        if now.equity is None or then.equity is None:
            return []
        return [] if reduces_risk(risk_of(now), risk_of(then)) else [Because(Why.ADDS_RISK, own)]

    def _against_new_risk(self, quantity: Fraction, after: AccountFigures) -> list[Because]:
        if self.restraints.control is Control.REDUCE_ONLY:
            return [Because(Why.REDUCE_ONLY)]
        found = [because for pool in after.pools if (because := self._short(pool)) is not None]
        then = self._after(quantity)
        found += self._over_caps(Seen(after, then, self.market))
        test = self.restraints.account_test
        if test is not None and not test(then, after):
            found.append(Because(Why.ACCOUNT_TEST))
        return found

    def _short(self, pool: PoolFigures) -> Because | None:
        if pool.equity is None or pool.unknown_because:
            return Because(Why.UNKNOWN_FIGURE, pool.pool)
        risk = risk_of(pool)
        touched = pool.pool in self._touched()
        required = risk.required if touched else risk.house
        if risk.equity >= required:
            return None
        before = _pool(self.before, pool.pool)
        was_short = before is not None and before.equity is not None and _was_short(risk_of(before), touched)
        why = Why.STILL_SHORT if was_short else Why.NEWLY_SHORT
        return Because(why if touched else Why.OTHER_POOL_SHORT, pool.pool, "", risk.equity, required)

    def _over_caps(self, after: Seen) -> list[Because]:
        """A missing cap refuses too. A breach that was there before is still a reason against new risk."""
        whys = {
            Severity.BREACH: Why.OVER_CAP,
            Severity.BLOCKED: Why.NO_CAP,
            Severity.UNKNOWN: Why.UNKNOWN_FIGURE,
        }
        capped = [_because(whys[one.severity], one) for one in self._capped(after) if one.severity in whys]
        legs = [leg for leg in self._legs(after) if leg.severity is Severity.BREACH]
        return capped + [_because(Why.POSITION_LIMIT, leg) for leg in legs]

    def _capped(self, after: Seen) -> Iterator[Finding]:
        """The account's leverage, and the instrument's in each pool that holds it; no other kind yet."""
        code, caps = self.order.instrument.code, self.restraints.account_caps
        yield check_together(LimitKind.LEVERAGE, "account_leverage", after.figures.code, [after], caps)
        own = self.restraints.instrument_caps.get(code, ())
        for pool in after.figures.pools:
            if any(row.instrument == code for row in pool.positions):
                rule = "instrument_leverage"
                yield check_in_pool(LimitKind.LEVERAGE, rule, pool.pool, after, pool, caps=own, of=code)

    def _legs(self, after: Seen) -> Iterator[Finding]:
        legs = capped_legs(after.account) if after.account is not None else ()
        for leg in legs:
            if leg.instrument.code == self.order.instrument.code:
                yield check_leg("position_limit", leg.pool, leg, self.market)


def _because(why: Why, finding: Finding) -> Because:
    return Because(why, "", finding.binding or finding.rule, finding.measured, finding.limit)


def _pool(figures: AccountFigures, name: str) -> PoolFigures | None:
    return next((pool for pool in figures.pools if pool.pool == name), None)


def _was_short(risk: Risk, touched: bool) -> bool:
    return risk.equity < (risk.required if touched else risk.house)


def reduces_risk(before: Risk, after: Risk) -> bool:
    """MM does not rise, E - MM does not fall and, where E > 0, E/MM does not fall."""
    if after.maintenance > before.maintenance:
        return False
    if after.equity - after.maintenance < before.equity - before.maintenance:
        return False
    if before.equity > 0:
        return after.equity * before.maintenance >= before.equity * after.maintenance
    return True


def most_isolated_margin(figures: AccountFigures) -> Fraction:
    """The largest allocation the cross pool can fund."""
    return figures.pools[0].free_margin or ZERO
