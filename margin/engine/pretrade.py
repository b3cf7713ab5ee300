"""The gate: may this order be sent?

Takes an account, an order, the orders that rest beside it and what restrains the account; gives a verdict
with named reasons. It applies the order to a copy and asks the ordinary question, so that the gate,
liquidation and *now* can not disagree. What reduces risk is let through even from an account that is short:
enforcement never traps a client. New risk finds everything opened that resting orders may still open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor

from margin.engine.capped import Seen, capped_legs, check_in_pool, check_leg, check_together
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Finding, PoolFigures, Severity
from margin.engine.measures import LimitKind
from margin.engine.orders import Order, Side, closing_of, fill_of, held_against, reserved
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, risk_of
from margin.engine.trades import filled
from margin.engine.types import ZERO, Account, Market, Mode, Policy, isolated_pocket
from margin.engine.verdict import Because, Control, Decision, Restraints, Verdict, Why


def check(
    account: Account,
    order: Order,
    market: Market,
    policy: Policy,
    restraints: Restraints,
    *,
    resting: Sequence[Order] = (),
) -> Verdict:
    """The whole order, else the largest part of it that may be sent, in lots, else nothing."""
    before = assess(reserved(account, resting, market), market, policy)
    if restraints.control is Control.FROZEN:
        return Verdict(Decision.REJECT, ZERO, (restraints.imposed or Because(Why.FROZEN),), before, before)
    gate = _Gate(account, order, market, policy, restraints, before, resting)
    if gate.rate is None or gate.mark is None:
        return Verdict(Decision.REJECT, ZERO, (Because(Why.NO_PRICE),), before, before)
    reasons, after = gate.ask(order.quantity)
    if not reasons:
        return Verdict(Decision.ALLOW, order.quantity, (gate.praise(order.quantity),), before, after)
    part = gate.largest_part()
    decision = Decision.REDUCE_TO if part else Decision.REJECT
    return Verdict(decision, part, tuple(reasons), before, gate.ask(part)[1])


@dataclass(frozen=True)
class _Gate:
    """One order under examination. `before` are the figures with all that rests."""

    account: Account
    order: Order
    market: Market
    policy: Policy
    restraints: Restraints
    before: AccountFigures
    resting: Sequence[Order] = ()

    @property
    def mark(self) -> Fraction | None:
        mark = self.market.marks.get(self.order.instrument.code)
        return mark.price if mark else None

    @property
    def rate(self) -> Fraction | None:
        return self.market.rate_of(self.order.instrument)

    @cached_property
    def closing(self) -> Fraction:
        """How much of the order only closes what is held."""
        return closing_of(self.account, self.order, self.resting)

    @cached_property
    def reserved(self) -> Account:
        return reserved(self.account, self.resting, self.market)

    def ask(self, quantity: Fraction) -> tuple[list[Because], AccountFigures]:
        """Reasons against this much of it, none if it may be sent, and the figures after."""
        closing = min(self.closing, abs(quantity)) * (1 if quantity > 0 else -1)
        reasons = self._against_reducing(closing) if closing else []
        if reasons or closing == quantity:
            return reasons, self._figures(self._after(closing))
        if refused := self._refused():
            return refused, self._figures(self._after(closing))
        then = self._after(quantity)
        after = self._figures(then)
        return self._against_new_risk(quantity, then, after), after

    def _refused(self) -> list[Because]:
        """What speaks against anything new, whatever it would need."""
        if self.restraints.control is Control.OPEN:
            return [*self.restraints.refused]
        return [self.restraints.imposed or Because(Why.REDUCE_ONLY), *self.restraints.refused]

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
        closed = floor(self.closing / lot)
        for probe in (closed, closed + 1):  # mostly it is all that closes, and nothing new
            if low < probe <= high:
                low, high = (low, probe - 1) if self.ask(sign * probe * lot)[0] else (probe, high)
        while low < high:
            middle = (low + high + 1) // 2
            if self.ask(sign * middle * lot)[0]:
                high = middle - 1
            else:
                low = middle
        return sign * low * lot

    def _figures(self, account: Account) -> AccountFigures:
        return assess(account, self.market, self.policy)

    def _after(self, quantity: Fraction, side: Side = Side.ALL) -> Account:
        """With all that rests (or one side of it) and this much of the order filled."""
        whole = self.reserved if side is Side.ALL else reserved(self.account, self.resting, self.market, side)
        return self._with(whole, quantity)

    def _with(self, account: Account, quantity: Fraction) -> Account:
        """What opens goes beside what resting orders may close: the two are never netted."""
        order, sign = self.order, 1 if quantity > 0 else -1
        if not quantity or self.mark is None or self.rate is None:
            return account
        closing = min(self.closing, abs(quantity))
        opening = abs(quantity) - closing
        margin = order.isolated_margin if opening else ZERO
        if opening and held_against(account, order) > closing:
            if closing:
                account = filled(account, fill_of(order, order.ref, sign * closing, self.market))
            beside = fill_of(order, f"{order.ref}#", sign * opening, self.market, isolated_margin=margin)
            return filled(account, beside)
        return filled(account, fill_of(order, order.ref, quantity, self.market, isolated_margin=margin))

    def _touched(self) -> set[str]:
        """Its own pool; and the pool that funds an isolated allocation or takes back what is left."""
        if self.order.mode is Mode.CROSS:
            return {CROSS}
        own = {isolated_pocket(self.order.ref)}
        return own | {CROSS} if self.order.isolated_margin else own

    def _against_reducing(self, closing: Fraction) -> list[Because]:
        """Asked of the account as it stands, whatever rests beside the order."""
        own = CROSS if self.order.mode is Mode.CROSS else isolated_pocket(self.order.ref)
        stands = self._figures(self.account) if self.resting else self.before
        after = self._figures(self._with(self.account, closing))
        now, then = _pool(stands, own), _pool(after, own)
        if now is None or then is None or not then.positions:
            return []
        if now.equity is None or then.equity is None:
            return []
        return [] if reduces_risk(risk_of(now), risk_of(then)) else [Because(Why.ADDS_RISK, own)]

    def _against_new_risk(self, quantity: Fraction, then: Account, after: AccountFigures) -> list[Because]:
        found = []
        if self.order.mode is Mode.ISOLATED and self.resting and self._meets_a_resting_one(quantity):
            found.append(Because(Why.OPPOSED, isolated_pocket(self.order.ref)))
        found += [because for pool in after.pools if (because := self._short(pool)) is not None]
        found += self._over_caps(quantity, Seen(after, then, self.market))
        test = self.restraints.account_test
        if test is not None and not test(then, after):
            found.append(Because(Why.ACCOUNT_TEST))
        return found

    def _meets_a_resting_one(self, quantity: Fraction) -> bool:
        """One pocket cannot stand behind both sides, and nobody knows yet which of the two will fill."""
        against = held_against(self.reserved, self.order)
        return against > min(self.closing, abs(quantity)) or held_against(self.account, self.order) != against

    def _short(self, pool: PoolFigures) -> Because | None:
        if pool.equity is None or pool.unknown_because:
            return Because(Why.UNKNOWN_FIGURE, pool.pool)
        risk = risk_of(pool)
        touched = pool.pool in self._touched()
        if touched and pool.bounded:
            return Because(Why.PRICE_IN_DOUBT, pool.pool)
        required = risk.required if touched else risk.house
        if risk.equity >= required:
            return None
        before = _pool(self.before, pool.pool)
        was_short = before is not None and before.equity is not None and _was_short(risk_of(before), touched)
        why = Why.STILL_SHORT if was_short else Why.NEWLY_SHORT
        return Because(why if touched else Why.OTHER_POOL_SHORT, pool.pool, "", risk.equity, required)

    def _over_caps(self, quantity: Fraction, after: Seen) -> list[Because]:
        """A missing cap refuses too. A breach that was there before is still a reason against new risk."""
        whys = {
            Severity.BREACH: Why.OVER_CAP,
            Severity.BLOCKED: Why.NO_CAP,
            Severity.UNKNOWN: Why.UNKNOWN_FIGURE,
        }
        found = self._capped(after) if self.restraints.caps is None else self._asked(quantity, after)
        capped = [_because(whys[one.severity], one) for one in found if one.severity in whys]
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

    def _asked(self, quantity: Fraction, after: Seen) -> Iterator[Finding]:
        """Every cap in every case of what may fill; a cap that breaks in several is named once."""
        ask, told = self.restraints.caps, set[tuple[str, str]]()
        for side in self.restraints.sides if ask is not None else ():
            seen = after
            if side is not Side.ALL:
                then = self._after(quantity, side)
                seen = Seen(self._figures(then), then, self.market)
            for one in ask(seen, side) if ask is not None else ():
                if (one.rule, one.subject) not in told:
                    told |= (
                        {(one.rule, one.subject)}
                        if one.severity not in (Severity.OK, Severity.WARN)
                        else set()
                    )
                    yield one

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
