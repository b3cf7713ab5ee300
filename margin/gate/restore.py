"""Out of the database: the orders that rest, and the fills that no snapshot has told.

Takes shards, or one order; gives what memory would hold of them. Only a gate that owns the shard may rest on
it.
"""

from collections.abc import Iterable, Sequence

from margin.engine.rational import Fraction
from margin.gate.reservations import Filled, Held
from margin.models import OrderDecision, OrderEvent, Reservation


def held_in(shards: Sequence[int]) -> list[Held]:
    """In the order of acceptance."""
    rows = Reservation.objects.filter(sub_account__client__shard__in=shards)
    used = rows.filter(state=Reservation.State.RESTING) | rows.filter(unsettled=True)
    found = used.select_related("decision").order_by("decision_id")
    events: dict[int, list[OrderEvent]] = {}
    for event in OrderEvent.objects.filter(decision__in=[row.pk for row in found]).order_by("id"):
        events.setdefault(event.decision_id, []).append(event)
    return [_held(row, events.get(row.pk, ())) for row in found]


def held_of(order_id: str, desks: Iterable[str]) -> list[tuple[OrderDecision, Held | None]]:
    """Every decision under this id on these desks; of those allowed, what became of them."""
    rows = OrderDecision.objects.filter(order_id=order_id, desk__code__in=list(desks))
    found: list[tuple[OrderDecision, Held | None]] = []
    for row in rows.select_related("reservation"):
        held = getattr(row, "reservation", None)
        found.append((row, _held(held, list(row.events.all())) if held is not None else None))
    return found


def _held(row: Reservation, events: Iterable[OrderEvent]) -> Held:
    asked = row.decision
    sign = 1 if asked.side == OrderDecision.Side.BUY else -1
    return Held(
        key=(asked.desk_id, asked.order_id),
        account_id=row.sub_account_id,
        instrument=asked.instrument,
        mode=asked.mode,
        ref=asked.ref,
        quantity=sign * Fraction(asked.quantity),
        price=None if asked.price is None else Fraction(asked.price),
        isolated_margin=Fraction(asked.isolated_margin),
        expires_at=row.expires_at,
        decision_id=asked.pk,
        filled=Fraction(row.filled_quantity),
        state=row.state,
        as_of=row.as_of,
        fills=list(_fills(events, sign)) if row.unsettled else [],
    )


def _fills(events: Iterable[OrderEvent], sign: int) -> Iterable[Filled]:
    """What each event added to what was filled before it."""
    before = Fraction(0)
    for event in events:
        told = Fraction(event.filled_quantity)
        if told > before:
            price = None if event.price is None else Fraction(event.price)
            yield Filled(sign * (told - before), price, event.as_of)
            before = told
