"""Accounts as orders find them: the book with what was filled since, and what rests beside it.

Takes the desk as it stands and the reservations; gives accounts, resting orders and figures, kept until
either changes. Always computed from scratch, never adjusted.
"""

from dataclasses import dataclass, field

from margin.book.facts import Unusable
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level, PoolFigures
from margin.engine.orders import Order, Side, reserved
from margin.engine.pools import CROSS
from margin.engine.trades import Fill, filled
from margin.engine.types import ONE, Account, Mode
from margin.gate.reservations import Held, Reservations
from margin.gate.standing import Place, Standing

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """One account: with its fills, and the orders that rest beside it."""

    account: Account | Unusable
    resting: tuple[Order, ...]


@dataclass(slots=True)
class Accounts:
    """Views and figures by account, each for one state of the desk."""

    standing: Standing
    reservations: Reservations
    _views: dict[int, tuple[Stamp, View]] = field(default_factory=dict)
    _figures: dict[tuple[int, Side], tuple[Stamp, AccountFigures]] = field(default_factory=dict)
    _clients: dict[int, list[Place]] = field(default_factory=dict)
    _clients_at: int = -1

    def stamp(self, place: Place) -> Stamp:
        return self.standing.generation, self.reservations.version(place.account.id)

    def view(self, place: Place) -> View:
        stamp, kept = self.stamp(place), self._views.get(place.account.id)
        if kept is None or kept[0] != stamp:
            kept = self._views[place.account.id] = (stamp, self._build(place))
        return kept[1]

    def _build(self, place: Place) -> View:
        account = self.standing.account(place)
        resting = []
        for held in self.reservations.of(place.account.id):
            order = self.order_of(place, held)
            if order is None:
                because = (f"the terms of {held.instrument} cannot be used, and an order in it rests",)
                return View(Unusable(place.account.code, place.account.base, because), ())
            if isinstance(account, Account):
                account = self._with_fills(account, place, held, order)
            if held.remaining:
                resting.append(order)
        return View(account, tuple(resting))

    def order_of(self, place: Place, held: Held) -> Order | None:
        """What is left of it, in the instrument's terms of now; margin in proportion."""
        instrument = self.standing.instrument(place.shard, held.instrument)
        if instrument is None:
            return None
        share = abs(held.remaining / held.quantity)
        mode, margin = Mode(held.mode), held.isolated_margin * share
        return Order(held.ref, instrument, mode, held.remaining, held.price, margin)

    def _with_fills(self, account: Account, place: Place, held: Held, order: Order) -> Account:
        market = self.standing.market(place)
        mark = market.marks.get(held.instrument)
        for fill in held.fills:
            price = fill.price if fill.price is not None else held.price
            if price is None:
                price = mark.price if mark and mark.price is not None else ONE
            margin = held.isolated_margin * abs(fill.quantity / held.quantity)
            rate = market.rate_of(order.instrument) or ONE
            done = Fill(
                held.ref, order.instrument, order.mode, fill.quantity, price, rate, isolated_margin=margin
            )
            account = filled(account, done)
        return account

    def figures(self, place: Place, side: Side) -> tuple[AccountFigures, Account | None]:
        """With all that rests, or one side of it."""
        view, stamp, key = self.view(place), self.stamp(place), (place.account.id, side)
        if isinstance(view.account, Unusable):
            return _unknown(view.account), None
        market = self.standing.market(place)
        whole = reserved(view.account, view.resting, market, side)
        kept = self._figures.get(key)
        if kept is None or kept[0] != stamp:
            policy = self.standing.rules(place.shard).desk_of(place.account).policy
            kept = self._figures[key] = (stamp, assess(whole, market, policy))
        return kept[1], whole

    def beside(self, place: Place) -> list[Place]:
        """The client's other accounts, by code."""
        if self._clients_at != self.standing.nouns_at:
            self._clients.clear()
            for one in self.standing.places.values():
                self._clients.setdefault(one.account.client_id, []).append(one)
            self._clients_at = self.standing.nouns_at
        own = self._clients[place.account.client_id]
        return [one for one in own if one.account.id != place.account.id]

    def anything_rests(self, place: Place) -> bool:
        return any(self.reservations.of(one.account.id) for one in (place, *self.beside(place)))


def _unknown(account: Unusable) -> AccountFigures:
    pool = PoolFigures(CROSS, Level.UNKNOWN, unknown_because=account.because)
    return AccountFigures(
        account.code, account.base, Level.UNKNOWN, CROSS, (pool,), unknown_because=account.because
    )
