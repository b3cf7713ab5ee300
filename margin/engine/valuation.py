"""What a position is worth and what it requires at one mark.

Takes one instrument's positions in one pool, its mark and the rate of its settlement currency to the base;
gives profit, notional and the requirement of its two legs. Knows nothing of other instruments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from margin.engine.figures import LegFigures, PositionFigures, known
from margin.engine.rational import Fraction
from margin.engine.risk import Risk
from margin.engine.types import ZERO, Instrument, Kind, Offsets, Position, PriceState, house_factor, total_of


def unit_size(instrument: Instrument, mark: Fraction) -> Fraction:
    """Notional of one contract in settlement currency: c*|m|, inverse c/m; negative prices have a floor f."""
    if instrument.kind is Kind.INVERSE:
        return instrument.contract_size / mark
    price = abs(mark)
    if instrument.allow_negative:
        price = max(price, instrument.reference_price)
    return instrument.contract_size * price


def profit(instrument: Instrument, quantity: Fraction, entry: Fraction, mark: Fraction) -> Fraction:
    """Unrealised P&L in settlement currency: q*c*(m - e), inverse q*c*(1/e - 1/m)."""
    if instrument.kind is Kind.INVERSE:
        return quantity * instrument.contract_size * (mark - entry) / (entry * mark)
    return quantity * instrument.contract_size * (mark - entry)


@dataclass(frozen=True, slots=True)
class Valued:
    """One instrument of one pool, in base currency (legs' sizes in settlement currency).

    `buffer` is the instrument's own house buffer.
    """

    risk: Risk
    gross: Fraction
    net: Fraction
    scale: Fraction
    legs: tuple[LegFigures, ...]
    positions: tuple[PositionFigures, ...]
    buffer: Fraction = ZERO


def value_instrument(
    positions: Sequence[Position],
    *,
    mark: Fraction,
    rate: Fraction,
    state: PriceState,
    buffer: Fraction,
    offsets: Offsets,
    least_rate: Fraction = ZERO,
) -> Valued:
    """Profit and requirement of all positions of one instrument in one pool.

    `least_rate` is a concentration's floor under the schedule's rates.
    """
    instrument = positions[0].instrument
    unit = unit_size(instrument, mark)
    legs = _legs(positions, unit=unit, rate=rate, offsets=offsets, least_rate=least_rate)
    factor = house_factor(buffer, instrument.buffer)
    rows = tuple(
        _position(p, legs, unit * rate, mark=mark, rate=rate, factor=factor, state=state) for p in positions
    )
    maintenance = total_of(leg.charged_maintenance for leg in legs)
    pnl = total_of(known(row.unrealised_pnl) for row in rows)
    gross = total_of(known(row.notional) for row in rows)
    entries = total_of(abs(p.quantity) * unit_size(instrument, p.entry_price) for p in positions)
    return Valued(
        risk=Risk(pnl, total_of(leg.charged_initial for leg in legs), maintenance, maintenance * factor),
        gross=gross,
        net=total_of(known(row.exposure) for row in rows),
        scale=gross + entries * rate,
        legs=legs,
        positions=rows,
        buffer=instrument.buffer,
    )


def _legs(
    positions: Sequence[Position], *, unit: Fraction, rate: Fraction, offsets: Offsets, least_rate: Fraction
) -> tuple[LegFigures, ...]:
    """The long leg and the short leg, those that exist; with the hedge offset only the dearer is charged."""
    sides = [[p for p in positions if p.quantity * side > 0] for side in (1, -1)]
    legs = [_leg(own, unit=unit, rate=rate, least_rate=least_rate) for own in sides if own]
    if offsets is Offsets.HEDGE and len(legs) == 2:
        cheaper = 0 if legs[0].maintenance < legs[1].maintenance else 1
        lighter = 0 if legs[0].initial < legs[1].initial else 1
        legs[cheaper] = replace(legs[cheaper], charged_maintenance=ZERO)
        legs[lighter] = replace(legs[lighter], charged_initial=ZERO)
    return tuple(legs)


def _leg(
    positions: Sequence[Position], *, unit: Fraction, rate: Fraction, least_rate: Fraction
) -> LegFigures:
    """im = max(mm, sum of n_p * max(imr, 1/leverage_p)): a chosen leverage can only ask for more."""
    instrument = positions[0].instrument
    schedule = instrument.schedule
    quantity = total_of(abs(p.quantity) for p in positions)
    size = quantity * unit
    tier = schedule.tier_of(size)
    maintenance = schedule.maintenance(size) * rate
    table_rate = schedule.tiers[tier].initial_rate
    if least_rate:
        maintenance = max(maintenance, size * least_rate * rate)
        table_rate = max(table_rate, least_rate)
    initial = max(maintenance, _initial(positions, unit * rate, table_rate))
    return LegFigures(
        instrument=instrument.code,
        side=1 if positions[0].quantity > 0 else -1,
        quantity=quantity,
        size=size,
        tier=tier,
        initial=initial,
        maintenance=maintenance,
        charged_initial=initial,
        charged_maintenance=maintenance,
    )


def _initial(positions: Sequence[Position], unit: Fraction, table_rate: Fraction) -> Fraction:
    """Sum of n_p * max(imr, 1/leverage_p)."""
    rates = (max(table_rate, 1 / p.leverage) if p.leverage else table_rate for p in positions)
    return unit * total_of(abs(p.quantity) * rate for p, rate in zip(positions, rates, strict=True))


def _position(
    position: Position,
    legs: Sequence[LegFigures],
    unit: Fraction,
    *,
    mark: Fraction,
    rate: Fraction,
    factor: Fraction,
    state: PriceState,
) -> PositionFigures:
    """One row: its own profit and notional, and by size its share of what its leg is charged."""
    instrument, quantity = position.instrument, position.quantity
    size = abs(quantity)
    notional = size * unit
    leg = next((leg for leg in legs if leg.side * quantity > 0), None)
    maintenance = _share(leg.charged_maintenance, size, leg.quantity) if leg else ZERO
    return PositionFigures(
        ref=position.ref,
        instrument=instrument.code,
        pool=position.pool,
        mark=mark,
        price_state=state,
        notional=notional,
        exposure=notional if quantity * mark > 0 else -notional if quantity * mark < 0 else ZERO,
        unrealised_pnl=profit(instrument, quantity, position.entry_price, mark) * rate,
        initial=_share(leg.charged_initial, size, leg.quantity) if leg else ZERO,
        maintenance=maintenance,
        house_maintenance=maintenance * factor,
    )


def _share(amount: Fraction, part: Fraction, whole: Fraction) -> Fraction:
    return amount if part == whole else amount * part / whole
