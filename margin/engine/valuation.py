"""What a position is worth and what it requires at one mark.

Takes one instrument's positions in one pool, its mark and the rate of its settlement currency to the base;
gives profit, notional and the requirement of its two legs. Knows nothing of other instruments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from margin.engine.figures import LegFigures, PositionFigures
from margin.engine.risk import Risk
from margin.engine.types import ONE, ZERO, Instrument, Kind, Offsets, Position, PriceState


def unit_size(instrument: Instrument, mark: Fraction) -> Fraction:
    """Notional of one contract in settlement currency: c*|m|, inverse c/m; negative prices have a floor f."""
    if instrument.kind is Kind.INVERSE:
        return instrument.contract_size / mark
    price = abs(mark)
    if instrument.allow_negative and price < instrument.reference_price:
        price = instrument.reference_price
    return instrument.contract_size * price


def profit(instrument: Instrument, quantity: Fraction, entry: Fraction, mark: Fraction) -> Fraction:
    """Unrealised P&L in settlement currency: q*c*(m - e), inverse q*c*(1/e - 1/m)."""
    if instrument.kind is Kind.INVERSE:
        return quantity * instrument.contract_size * (mark - entry) / (entry * mark)
    return quantity * instrument.contract_size * (mark - entry)


@dataclass(frozen=True, slots=True)
class Valued:
    """One instrument of one pool, in base currency (legs' sizes in settlement currency)."""

    risk: Risk
    gross: Fraction
    net: Fraction
    scale: Fraction
    legs: tuple[LegFigures, ...]
    positions: tuple[PositionFigures, ...]


def value_instrument(
    positions: Sequence[Position],
    *,
    mark: Fraction,
    rate: Fraction,
    state: PriceState,
    buffer: Fraction,
    offsets: Offsets,
) -> Valued:
    """Profit and requirement of all positions of one instrument in one pool."""
    instrument = positions[0].instrument
    unit = unit_size(instrument, mark)
    legs = _legs(positions, unit=unit, rate=rate, offsets=offsets)
    house_factor = ONE + buffer + instrument.buffer
    sign = (mark > 0) - (mark < 0)
    rows = tuple(
        _position(p, legs, unit * rate, mark=mark, rate=rate, house_factor=house_factor, state=state)
        for p in positions
    )
    maintenance = sum((leg.charged_maintenance for leg in legs), ZERO)
    initial = sum((leg.charged_initial for leg in legs), ZERO)
    net_quantity = sum((leg.side * leg.quantity for leg in legs), ZERO)
    gross = sum((leg.size for leg in legs), ZERO) * rate
    pnl = sum((row.unrealised_pnl or ZERO for row in rows), ZERO)
    return Valued(
        risk=Risk(pnl, initial, maintenance, maintenance * house_factor),
        gross=gross,
        net=net_quantity * sign * unit * rate,
        scale=gross
        + sum((abs(p.quantity) * unit_size(instrument, p.entry_price) for p in positions), ZERO) * rate,
        legs=legs,
        positions=rows,
    )


def _legs(
    positions: Sequence[Position], *, unit: Fraction, rate: Fraction, offsets: Offsets
) -> tuple[LegFigures, ...]:
    """The long leg and the short leg, those that exist; with the hedge offset only the dearer is charged."""
    sides = [[p for p in positions if p.quantity * side > 0] for side in (1, -1)]
    legs = [_leg(own, unit=unit, rate=rate) for own in sides if own]
    if offsets is Offsets.HEDGE and len(legs) == 2:
        cheaper = 0 if legs[0].maintenance < legs[1].maintenance else 1
        lighter = 0 if legs[0].initial < legs[1].initial else 1
        legs[cheaper] = replace(legs[cheaper], charged_maintenance=ZERO)
        legs[lighter] = replace(legs[lighter], charged_initial=ZERO)
    return tuple(legs)


def _leg(positions: Sequence[Position], *, unit: Fraction, rate: Fraction) -> LegFigures:
    """im = max(mm, sum of n_p * max(imr, 1/leverage_p)): a chosen leverage can only ask for more."""
    instrument = positions[0].instrument
    schedule = instrument.schedule
    quantity = sum((abs(p.quantity) for p in positions), ZERO)
    size = quantity * unit
    tier = schedule.tier_of(size)
    maintenance = schedule.maintenance(size)
    initial = max(maintenance, unit * _initial_quantity(positions, schedule.tiers[tier].initial_rate))
    return LegFigures(
        instrument=instrument.code,
        side=1 if positions[0].quantity > 0 else -1,
        quantity=quantity,
        size=size,
        tier=tier,
        initial=initial * rate,
        maintenance=maintenance * rate,
        charged_initial=initial * rate,
        charged_maintenance=maintenance * rate,
        cap=schedule.cap,
    )


def _initial_quantity(positions: Sequence[Position], table_rate: Fraction) -> Fraction:
    """Sum of |q_p| * max(imr, 1/leverage_p)."""
    return sum(
        (
            abs(p.quantity) * (max(table_rate, 1 / p.leverage) if p.leverage else table_rate)
            for p in positions
        ),
        ZERO,
    )


def _position(
    position: Position,
    legs: Sequence[LegFigures],
    unit: Fraction,
    *,
    mark: Fraction,
    rate: Fraction,
    house_factor: Fraction,
    state: PriceState,
) -> PositionFigures:
    """One row: its own profit and notional, and by size its share of what its leg is charged."""
    instrument, quantity = position.instrument, position.quantity
    notional = abs(quantity) * unit
    side = 1 if quantity > 0 else -1
    leg = next((leg for leg in legs if leg.side == side), None)
    share = abs(quantity) / leg.quantity if leg else ZERO
    maintenance = leg.charged_maintenance * share if leg else ZERO
    return PositionFigures(
        ref=position.ref,
        instrument=instrument.code,
        pool=position.pool,
        mark=mark,
        price_state=state,
        notional=notional,
        exposure=notional * side * ((mark > 0) - (mark < 0)),
        unrealised_pnl=profit(instrument, quantity, position.entry_price, mark) * rate,
        initial=leg.charged_initial * share if leg else ZERO,
        maintenance=maintenance,
        house_maintenance=maintenance * house_factor,
    )
