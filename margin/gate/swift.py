"""The plain orders, decided in whole numbers: what adds to one linear position, or only closes one.

Takes the order as it was understood and what restrains it; gives the figures before and after where the order
passes, and nothing in every other case: then the engine's own check decides, and says why. The same rules on
the same exact numbers; a test asks both.
"""

from dataclasses import dataclass, field
from datetime import datetime

from margin.book.applies import Caps
from margin.engine.integers import (
    S3,
    Book,
    Compiled,
    PoolSums,
    S,
    Sums,
    compiled,
    measured,
    profit,
    whole,
)
from margin.engine.limits import Cap, tightest
from margin.engine.measures import LimitKind
from margin.engine.orders import Order
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.types import ONE, Account, Mode, isolated_pocket
from margin.engine.verdict import Control, Restraints, Why
from margin.gate.measured import Accounts
from margin.gate.resolved import Meant
from margin.gate.resting import Part, added, book_of, opening_parts, with_resting, worse
from margin.gate.standing import Place, Standing


@dataclass(frozen=True, slots=True)
class Passed:
    """An order that may be sent whole: the pool it acts upon by name, before and after, over `scale`."""

    why: Why
    scale: int
    before: tuple[str, PoolSums]
    after: tuple[str, PoolSums]


@dataclass(slots=True)
class Swift:
    """Accounts without fractions, each kept until a fact of it changes."""

    standing: Standing
    accounts: Accounts
    _compiled: dict[int, tuple[Account, Compiled | None]] = field(default_factory=dict)
    _sums: dict[int, tuple[tuple[int, int], Sums | None]] = field(default_factory=dict)
    _parts: dict[int, list[Part]] = field(default_factory=dict)

    def passed(self, place: Place, meant: Meant, restraints: Restraints, now: datetime) -> Passed | None:
        """Nothing: not a plain order, or one that does not pass."""
        if (
            restraints.control is not Control.OPEN
            or restraints.refused
            or restraints.account_test is not None
        ):
            return None
        if not self.standing.kinds(place, meant.order.instrument, now).plain:
            return None  # a limit of any other kind is the exact check's
        view = self.accounts.view(place)
        order = meant.order
        if view.account is not meant.account or order.leverage is not None:
            return None
        sums = self._of(place, order)
        if sums is None:
            return None
        return self._asked(place, meant, sums, self.standing.caps(place.shard, now))

    # -- one account --------------------------------------------------------------------------------------

    def _of(self, place: Place, order: Order | None = None) -> Sums | None:
        """With all that rests; kept while nothing changes and the instrument is among them."""
        stamp, kept = self.accounts.stamp(place), self._sums.get(place.account.id)
        code = order.instrument.code if order else ""
        if kept is not None and kept[0] == stamp and (kept[1] is None or not code or code in kept[1].marks):
            return kept[1]
        view = self.accounts.view(place)
        found = None
        if isinstance(view.account, Account):
            own = self._compile(place, view.account)
            more = {one.instrument.code: one.instrument.settlement for one in view.resting}
            if order is not None:
                more[code] = order.instrument.settlement
            parts = None if own is None else opening_parts(own, view.resting)
            if own is not None and parts is not None:
                found = measured(own, self.standing.market(place), more)
                found = found if found is None or not parts else with_resting(found, parts)
                self._parts[place.account.id] = parts
        self._sums[place.account.id] = (stamp, found)
        return found

    def _compile(self, place: Place, account: Account) -> Compiled | None:
        kept = self._compiled.get(place.account.id)
        if kept is None or kept[0] is not account:
            policy = self.standing.rules(place.shard).desk_of(place.account).policy
            kept = self._compiled[place.account.id] = (account, compiled(account, policy))
        return kept[1]

    # -- one order ----------------------------------------------------------------------------------------

    def _asked(self, place: Place, meant: Meant, sums: Sums, caps: Caps) -> Passed | None:
        order = meant.order
        quantity, mark = whole(order.quantity), sums.marks[order.instrument.code]
        if quantity is None or mark <= 0:
            return None
        price = worse(order, mark, quantity)
        held = sums.compiled.refs.get(order.ref)
        pool = CROSS if order.mode is Mode.CROSS else isolated_pocket(order.ref)
        if price is None or (held is not None and held[:2] != (pool, order.instrument.code)):
            return None
        alike = [one for one in meant.resting if one.ref == order.ref and one.quantity * order.quantity > 0]
        if held is not None and held[2] * quantity < 0:
            if order.instrument.schedule.has_own_amounts:
                return None
            before = sum(abs(whole(one.quantity) or 0) for one in alike)  # who came first closes first
            if abs(held[2]) < before + abs(quantity):
                return None
            return self._closed(place, order, sums, pool, held=held, price=price)
        if order.mode is Mode.ISOLATED and any(
            one.ref == order.ref and one.quantity * order.quantity < 0 for one in meant.resting
        ):
            return None
        return self._opened(place, order, sums, caps, pool=pool, quantity=quantity, price=price)

    def _closed(
        self,
        place: Place,
        order: Order,
        sums: Sums,
        pool: str,
        *,
        held: tuple[str, str, int, int],
        price: int,
    ) -> Passed | None:
        """Profit becomes money, which may count for less, and a worse price costs; the requirement goes."""
        book, quantity = self._book(place, order, sums, pool), whole(order.quantity) or 0
        left, entry = abs(held[2]) - abs(quantity), held[3]
        if book is None or left < 0 or (pool != CROSS and not left):
            return None
        rate, mark = sums.rates[book.tariff.settlement], sums.marks[book.tariff.code]
        stood = profit(book.tariff, -quantity, -quantity * entry, mark, rate)
        made = (
            profit(book.tariff, -quantity, -quantity * entry, price, rate) // S
        )  # over S^3·D, without a rest
        counted = sums.with_base(pool, made)
        if counted is None:
            return None
        small = Book(book.tariff, book.long - max(0, -quantity), book.short - max(0, quantity), 0)
        before, after = sums.pool(pool), sums.with_book(pool, small, counted - stood)
        if counted < stood and (self._parts[place.account.id] or not _reduces(before, after)):
            return None
        return Passed(Why.REDUCES_RISK, sums.scale, (pool, before), (pool, after))

    def _opened(
        self, place: Place, order: Order, sums: Sums, caps: Caps, *, pool: str, quantity: int, price: int
    ) -> Passed | None:
        mark = sums.marks[order.instrument.code]
        book = self._book(place, order, sums, pool)
        if book is None:
            return None
        rate = sums.rates[book.tariff.settlement]
        lost = profit(book.tariff, quantity, quantity * price, mark, rate)
        margin = whole(order.isolated_margin)
        if margin is None:
            return None
        moved = margin * sums.common * S3
        if moved and not sums.is_plain:
            return None
        after = sums.with_book(pool, book.with_more(quantity, price), lost + moved)
        pools = {**sums.pools, pool: after}
        if moved:
            cross = pools[CROSS]
            pools[CROSS] = PoolSums(
                cross.equity - moved, cross.initial, cross.maintenance, cross.house, cross.gross, cross.shares
            )
        touched = {pool, CROSS} if moved else {pool}
        if not all(one.is_covered(touched=name in touched) for name, one in pools.items()):
            return None
        if not self._keeps_caps(place, order, sums, pools, caps):
            return None
        before = pool if pool in sums.pools else CROSS
        return Passed(Why.COVERED, sums.scale, (before, sums.pool(before)), (pool, pools[pool]))

    def _book(self, place: Place, order: Order, sums: Sums, pool: str) -> Book | None:
        """What the pool holds of the instrument, resting orders included."""
        known = book_of(sums.compiled, pool, order)
        if known is None:
            return None
        long, short = added(self._parts[place.account.id], pool, order.instrument.code)
        return Book(known.tariff, known.long + long, known.short + short, known.paid)

    # -- caps ---------------------------------------------------------------------------------------------

    def _keeps_caps(
        self, place: Place, order: Order, sums: Sums, pools: dict[str, PoolSums], caps: Caps
    ) -> bool:
        """Leverage of client, account and instrument, and the position limit of the schedule."""
        client = self.standing.rules(place.shard).clients[place.account.client_id]
        code = order.instrument.code
        over_client = tightest(caps.of_client(LimitKind.LEVERAGE, client))
        if over_client is None or order.instrument.schedule.cap is not None:
            return False
        gross, equity = _whole_account(pools)
        own = caps.of_account(LimitKind.LEVERAGE, place.account)
        if own is not None and not _within(gross, equity, own):
            return False
        in_pools = caps.of_instruments(LimitKind.LEVERAGE, client.desk_id).get(code)
        if in_pools is not None and not all(
            _within(pool.shares[code][3], pool.equity, in_pools)
            for pool in pools.values()
            if code in pool.shares
        ):
            return False
        return self._client_keeps(place, (gross, equity, sums.scale), over_client)

    def _client_keeps(self, place: Place, own: tuple[int, int, int], cap: Cap) -> bool:
        """Over all accounts, in the desk's currency, with this one as it would be."""
        others, rate = self.accounts.beside(place), self._rate(place)
        if rate is None:
            return False
        if not others:
            return _within(own[0], own[1], cap)
        gross, equity = Fraction(own[0], own[2]) * rate, Fraction(own[1], own[2]) * rate
        for other in others:
            found, rate = self._of(other), self._rate(other)
            if found is None or rate is None:
                return False
            more_gross, more_equity = _whole_account(found.pools)
            gross += Fraction(more_gross, found.scale) * rate
            equity += Fraction(more_equity, found.scale) * rate
        return gross == 0 or (equity > 0 and gross <= cap.limit * equity)

    def _rate(self, place: Place) -> Fraction | None:
        """To the desk's currency, if it is sure."""
        currency = self.standing.rules(place.shard).desk_of(place.account).currency
        if place.account.base == currency:
            return ONE
        rate = self.standing.markets(place.shard).rates.rate(place.account.base, currency)
        return None if rate.state.in_doubt or rate.value is None or rate.value <= 0 else rate.value


def _reduces(before: PoolSums, after: PoolSums) -> bool:
    """As `pretrade.reduces_risk` has it; where equity does not fall it is so."""
    e, mm, e2, mm2 = before.equity, before.maintenance, after.equity, after.maintenance
    return mm2 <= mm and e2 - mm2 >= e - mm and (e <= 0 or e2 * mm >= e * mm2)


def _whole_account(pools: dict[str, PoolSums]) -> tuple[int, int]:
    gross = sum(pool.gross for pool in pools.values())
    isolated = sum(max(0, pool.equity) for name, pool in pools.items() if name != CROSS)
    return gross, pools[CROSS].equity + isolated


def _within(gross: int, equity: int, cap: Cap) -> bool:
    return gross == 0 or (equity > 0 and gross * cap.limit.denominator <= cap.limit.numerator * equity)
