"""What restrains an account beyond its margin: one function, `restraints_of`, which every decision asks.

Takes the desk as it stands, the account and the order; gives the engine's `Restraints`: the control, the caps
(by the cycle's own function, over the client with all its accounts), and reasons against new risk that are
known beforehand (market at rest, price outside its band, old data). Whatever else may hold an account back
(throttles, circuit breakers) is added here and nowhere else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from margin.book.applies import Caps
from margin.engine.capped import Seen, sums_of
from margin.engine.figures import Finding, Severity
from margin.engine.orders import Order, Side
from margin.engine.rational import Fraction
from margin.engine.types import ONE, Instrument
from margin.engine.verdict import Because, Control, Restraints, Why
from margin.flow.cap_findings import over_caps
from margin.flow.clients import ClientFigures
from margin.flow.recompute import Measured
from margin.gate.measured import Accounts
from margin.gate.standing import Listing, Place, Standing
from margin.models import Breach

STALE_SECONDS = 2
"""A book that could not be compared with the database for longer decides nothing new."""


def restraints_of(
    standing: Standing, accounts: Accounts, place: Place, order: Order, *, now: datetime, age_seconds: float
) -> Restraints:
    """Everything but the margin of this order's account."""
    control, imposed = _control(standing, place, order, now)
    caps = standing.caps(place.shard, now)
    sides: tuple[Side, ...] = (Side.ALL,)
    if standing.kinds(place, order.instrument, now).net and accounts.anything_rests(place):
        sides = tuple(Side)
    return Restraints(
        control=control,
        imposed=imposed,
        caps=ClientCaps(standing, accounts, place, order.instrument, caps).over,
        sides=sides,
        refused=tuple(_refused(standing, place, order, now, age_seconds)),
    )


def _control(standing: Standing, place: Place, order: Order, now: datetime) -> tuple[Control, Because | None]:
    """The tightest restriction in force; whoever is suspended or closed may only reduce besides."""
    found = standing.imposed(place, order.instrument.code, now)
    if found is None:
        held = place.account.code in standing.inactive
        return (Control.REDUCE_ONLY if held else Control.OPEN), None
    why = Why.FROZEN if found.control is Control.FROZEN else Why.REDUCE_ONLY
    return found.control, Because(why, "", found.name, said=found.said)


def _refused(
    standing: Standing, place: Place, order: Order, now: datetime, age_seconds: float
) -> Iterator[Because]:
    """Reasons against new risk, whatever the margin."""
    code = order.instrument.code
    listing = standing.listings[code]
    if age_seconds > STALE_SECONDS:
        age = Fraction(int(age_seconds * 1000), 1000)
        yield Because(Why.STALE_DATA, "", "data_age_seconds", age, Fraction(STALE_SECONDS))
    if not listing.active:
        yield Because(Why.INACTIVE, "", code)
    if not standing.is_open(place.shard, code, now):
        yield Because(Why.MARKET_CLOSED, "", code)
    if (outside := _outside(standing, place, order, listing)) is not None:
        yield outside


def _outside(standing: Standing, place: Place, order: Order, listing: Listing) -> Because | None:
    """How far the price lies from the mark, as a share of it, where that is beyond the instrument's band."""
    mark = standing.market(place).marks.get(listing.code)
    if order.price is None or mark is None or not mark.price:
        return None
    away = abs(order.price - mark.price) / abs(mark.price)
    if away <= listing.band:
        return None
    return Because(Why.PRICE_BAND, "", f"price band of {listing.code}", away, listing.band)


@dataclass(frozen=True, slots=True)
class ClientCaps:
    """The caps that one order can break, asked of its client with this account as it would be after it."""

    standing: Standing
    accounts: Accounts
    place: Place
    instrument: Instrument
    caps: Caps

    def over(self, after: Seen, side: Side) -> Iterable[Finding]:
        """By the function the cycle asks. What other accounts and instruments broke is not this order's."""
        own = Measured(self.place.account, after.figures)
        for found in over_caps(self._client(own, after, side), self.caps):
            if (
                found.finding.severity in (Severity.OK, Severity.WARN)
                or found.rule == Breach.Rule.POSITION_LIMIT
            ):
                continue
            if found.measured is not None and found.measured is not own:
                continue
            if found.instrument not in ("", self.instrument.code):
                continue
            if found.cap_class not in ("", self.instrument.cap_class):
                continue
            yield found.finding

    def _client(self, own: Measured, after: Seen, side: Side) -> ClientFigures:
        rules = self.standing.rules(self.place.shard)
        client = rules.clients[self.place.account.client_id]
        currency = rules.desks[client.desk_id].currency
        seen = Seen(after.figures, after.account, after.market, self._rate(self.place.account.base, currency))
        members, views = [own], [seen]
        for place in self.accounts.beside(self.place):
            figures, account = self.accounts.figures(place, side)
            market = self.standing.market(place)
            members.append(Measured(place.account, figures))
            views.append(Seen(figures, account, market, self._rate(place.account.base, currency)))
        return ClientFigures(client, currency, members, views, sums_of(views))

    def _rate(self, base: str, currency: str) -> Fraction | None:
        """Only a sure one."""
        if base == currency:
            return ONE
        rate = self.standing.markets(self.place.shard).rates.rate(base, currency)
        return None if rate.state.in_doubt else rate.value
