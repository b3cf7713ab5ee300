"""Whom caps are asked of: accounts together, one instrument in a pool, and single legs.

Takes measured accounts with what their figures rest on; gives findings. Which caps apply is the caller's.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from margin.engine.cap_range import Ends, Of, account_ends, counts, pool_ends
from margin.engine.figures import AccountFigures, Finding, PoolFigures, known
from margin.engine.limits import Cap, check
from margin.engine.measures import MEASURES, Amount, LimitKind, Sums, Used
from margin.engine.pools import Pool, pools_of
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account, Instrument, Market, Position, total_of
from margin.engine.valuation import unit_size


@dataclass(frozen=True, slots=True)
class Seen:
    """An account as measured. `account` None: it could not be put to the engine.

    `rate` takes its base currency to the one the cap is in; None: unknown or in doubt.
    """

    figures: AccountFigures
    account: Account | None
    market: Market
    rate: Fraction | None = ONE

    @property
    def in_doubt(self) -> bool:
        return self.figures.bounded or bool(self.figures.unknown_because)


def sums_of(seen: Sequence[Seen], *, of: Of = "") -> Sums | None:
    """All of them together, or their holdings `of` these instruments.

    None where a part has no figure or no rate: a sum that leaves one out would look better than it is.
    """
    total = Sums()
    for one in seen:
        own = _held(one.figures, of) if of else _whole(one.figures)
        if own is None or one.rate is None:
            return None
        total += own.times(one.rate)
    return total


def check_together(
    kind: LimitKind, rule: str, subject: str, seen: Sequence[Seen], caps: Sequence[Cap], *, of: Of = ""
) -> Finding:
    """A client over all its accounts, or one account; `of`: what is held of one instrument."""
    measure, sums = MEASURES[kind], sums_of(seen, of=of)
    used = measure.of(sums) if sums is not None else None

    def ends(cap: Fraction) -> Ends | None:
        return _least([_left_of(cap, seen, amount, measure.per_equity, of) for amount in measure.amounts])

    return check(rule, subject, used, caps, ends if any(one.in_doubt for one in seen) else None)


def check_in_pool(
    kind: LimitKind, rule: str, subject: str, seen: Seen, pool: PoolFigures, *, caps: Sequence[Cap], of: Of
) -> Finding:
    """What a pool holds of one instrument; over that pool's equity, if the kind is measured by it."""
    measure, used = MEASURES[kind], None
    if pool.equity is not None:
        own = [row for row in pool.positions if counts(row.instrument, of)]
        gross, net = (
            total_of(row.notional or ZERO for row in own),
            total_of(row.exposure or ZERO for row in own),
        )
        used = measure.of(Sums(gross, net, pool.equity))

    def ends(cap: Fraction) -> Ends | None:
        account = seen.account
        if account is None:
            return None
        its, k = _pool(account, pool.pool), cap if measure.per_equity else ZERO
        parts = [pool_ends(account, its, seen.market, k, amount=one, of=of) for one in measure.amounts]
        return _least(
            [part if measure.per_equity or part is None else Ends(cap, cap) + part for part in parts]
        )

    return check(rule, subject, used, caps, ends if pool.bounded or pool.unknown_because else None)


@dataclass(frozen=True, slots=True)
class Leg:
    """The positions of one instrument and side in one pool, whose schedule caps them."""

    pool: str
    instrument: Instrument
    side: str
    quantity: Fraction
    cap: Cap


def capped_legs(account: Account) -> Iterator[Leg]:
    held: dict[tuple[str, str, str], list[Position]] = defaultdict(list)
    for position in account.positions:
        if position.instrument.schedule.cap is not None and position.quantity:
            side = "long" if position.quantity > 0 else "short"
            held[position.pool, position.instrument.code, side].append(position)
    for (pool, code, side), own in sorted(held.items()):
        cap = Cap(f"schedule of {code}", "schedule", known(own[0].instrument.schedule.cap))
        yield Leg(pool, own[0].instrument, side, total_of(abs(row.quantity) for row in own), cap)


def check_leg(rule: str, subject: str, leg: Leg, market: Market) -> Finding:
    """A leg against the cap of its schedule's last tier, in settlement currency: a breach, never an error."""
    mark = market.marks.get(leg.instrument.code)
    if mark is None or mark.price is None or not leg.instrument.may_cost(mark.price):
        return check(rule, subject, None, [leg.cap])
    used = Used(leg.quantity * unit_size(leg.instrument, mark.price))
    low, high = mark.low, mark.high

    def ends(cap: Fraction) -> Ends | None:
        if low is None or high is None or low <= leg.instrument.reference_price:
            return None
        left = [cap - leg.quantity * unit_size(leg.instrument, price) for price in (low, high)]
        return Ends(min(left), max(left))

    return check(rule, subject, used, [leg.cap], ends if mark.state.in_doubt else None)


def _whole(figures: AccountFigures) -> Sums | None:
    if figures.gross is None or figures.net is None or figures.equity is None:
        return None
    return Sums(figures.gross, figures.net, figures.equity)


def _held(figures: AccountFigures, of: Of) -> Sums | None:
    """What is held of these instruments, with no equity of their own."""
    total = Sums()
    for row in figures.positions:
        if counts(row.instrument, of):
            if row.notional is None or row.exposure is None:
                return None
            total += Sums(row.notional, row.exposure)
    return total


def _pool(account: Account, name: str) -> Pool:
    return next(pool for pool in pools_of(account) if pool.name == name)


def _left_of(cap: Fraction, seen: Sequence[Seen], amount: Amount, per_equity: bool, of: Of) -> Ends | None:
    total = Ends() if per_equity else Ends(cap, cap)
    for one in seen:
        if one.account is None or one.rate is None:
            return None
        k = cap if per_equity else ZERO
        own = account_ends(one.account, one.market, k, amount=amount, of=of)
        if own is None:
            return None
        total += own.times(one.rate)
    return total


def _least(parts: Sequence[Ends | None]) -> Ends | None:
    """What is left of a cap that several amounts have to keep."""
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    return Ends(min(part.least for part in found), min(part.most for part in found))
