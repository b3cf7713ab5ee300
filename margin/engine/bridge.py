"""The bridge: why a figure went from one number to another.

Takes two states of one account and a figure of it; gives the change split into price, currency, position,
collateral and parameter, each by what changed. One input after the other is switched from the old state to
the new and the figure asked again, so the parts sum exactly to the change; the order is fixed and part of the
meaning.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from margin.engine.exact import assess
from margin.engine.figures import AccountFigures
from margin.engine.rational import Fraction
from margin.engine.types import Account, Market, Policy, Position, total_of

Figure = Callable[[AccountFigures], Fraction | None]


class Cause(StrEnum):
    PRICE = "price"
    CURRENCY = "currency"
    POSITION = "position"
    COLLATERAL = "collateral"
    PARAMETER = "parameter"


@dataclass(frozen=True, slots=True)
class State:
    account: Account
    market: Market
    policy: Policy


@dataclass(frozen=True, slots=True)
class Part:
    """How much one changed input moved the figure; `key` is the instrument, asset, or position."""

    cause: Cause
    key: str
    change: Fraction


@dataclass(frozen=True, slots=True)
class Bridge:
    start: Fraction
    end: Fraction
    parts: tuple[Part, ...]

    def by_cause(self) -> dict[Cause, Fraction]:
        """The five sums, those without any change as zero."""
        return {cause: total_of(p.change for p in self.parts if p.cause is cause) for cause in Cause}

    def largest(self, count: int = 3) -> tuple[Part, ...]:
        """The contributors that moved it most, whichever way."""
        return tuple(sorted(self.parts, key=lambda part: (-abs(part.change), part.cause, part.key))[:count])


def bridge(before: State, after: State, figure: Figure) -> Bridge | None:
    """None where the figure is unknown at either end or on the way: a part would have to be guessed."""
    start = _ask(before, figure)
    if start is None:
        return None
    parts, now = [], start
    for cause, key, state in _switches(before, after):
        value = _ask(state, figure)
        if value is None:
            return None
        if value != now:
            parts.append(Part(cause, key, value - now))
        now = value
    return Bridge(start, now, tuple(parts))


def _ask(state: State, figure: Figure) -> Fraction | None:
    return figure(assess(state.account, state.market, state.policy))


def _switches(before: State, after: State) -> Iterator[tuple[Cause, str, State]]:
    """Every state on the way; the last one is `after`."""
    now = _with_all_prices(before, after)
    for code in sorted(after.market.marks):
        if after.market.marks[code] != now.market.marks.get(code):
            marks = {**now.market.marks, code: after.market.marks[code]}
            now = replace(now, market=replace(now.market, marks=marks))
            yield Cause.PRICE, code, now
    for asset in sorted(after.market.rates):
        if after.market.rates[asset] != now.market.rates.get(asset):
            rates = {**now.market.rates, asset: after.market.rates[asset]}
            now = replace(now, market=replace(now.market, rates=rates))
            yield Cause.CURRENCY, asset, now
    for ref, positions in _position_steps(now.account, after.account):
        now = replace(now, account=replace(now.account, positions=positions))
        yield Cause.POSITION, ref, now
    yield from _money_and_rules(now, after)


def _with_all_prices(before: State, after: State) -> State:
    """Prices that only the later state has stand there from the start: nothing old depends on them."""
    marks = {**after.market.marks, **before.market.marks}
    rates = {**after.market.rates, **before.market.rates}
    terms = {**after.account.terms, **before.account.terms}
    market = replace(before.market, marks=marks, rates=rates)
    return replace(before, market=market, account=replace(before.account, terms=terms))


def _position_steps(before: Account, after: Account) -> Iterator[tuple[str, tuple[Position, ...]]]:
    """New quantities with the old rules: an instrument's changed schedule is a parameter, not a position."""
    rules = {position.instrument.code: position.instrument for position in before.positions}
    now = {position.ref: position for position in before.positions}
    later = {position.ref: position for position in after.positions}
    for ref in sorted(now.keys() | later.keys()):
        wanted = later.get(ref)
        if wanted is not None:
            wanted = replace(wanted, instrument=rules.get(wanted.instrument.code, wanted.instrument))
        if wanted != now.get(ref):
            now.pop(ref, None)
            if wanted is not None:
                now[ref] = wanted
            yield ref, tuple(now.values())


def _money_and_rules(now: State, after: State) -> Iterator[tuple[Cause, str, State]]:
    assets = {h.asset for h in (*now.account.holdings, *after.account.holdings)}
    for asset in sorted(assets):
        old = [h for h in now.account.holdings if h.asset == asset]
        new = [h for h in after.account.holdings if h.asset == asset]
        if old != new:
            others = [h for h in now.account.holdings if h.asset != asset]
            now = replace(now, account=replace(now.account, holdings=(*others, *new)))
            yield Cause.COLLATERAL, asset, now
    yield Cause.PARAMETER, "", after
