"""An account as somebody describes it, before it means anything.

Plain, frozen values as they were told; None where something was left out. Decides nothing and fills in
nothing: what was left out is found, or refused, by `reading`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class DescribedTier:
    floor: Decimal
    initial_rate: Decimal
    maintenance_rate: Decimal
    maintenance_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DescribedInstrument:
    """`settlement_rate` is what one unit of its settlement currency is worth in the base currency."""

    tiers: tuple[DescribedTier, ...]
    kind: str = "linear"
    contract_size: Decimal = ONE
    settlement_rate: Decimal = ONE
    fee_rate: Decimal = ZERO
    underlying: str = ""
    allow_negative: bool = False
    reference_price: Decimal = ZERO
    buffer: Decimal = ZERO
    loading: Decimal = ONE


@dataclass(frozen=True, slots=True)
class DescribedHaircut:
    floor: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class DescribedCollateral:
    """A balance of the wallet. Haircut and liability rate are the caller's, or all the desk's."""

    asset: str
    amount: Decimal
    price: Decimal | None = None
    haircut: Decimal | None = None
    haircut_tiers: tuple[DescribedHaircut, ...] | None = None
    liability_rate: Decimal | None = None
    loading: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DescribedPosition:
    """`isolated_margin` of a cross position is what it would get if it were isolated."""

    instrument: str
    mode: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal | None = None
    isolated_margin: Decimal | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Described:
    base_currency: str
    positions: tuple[DescribedPosition, ...] = ()
    collateral: tuple[DescribedCollateral, ...] = ()
    instruments: Mapping[str, DescribedInstrument] = field(default_factory=dict)
    buffer: Decimal = ZERO
    offsets: str = "none"
    at_threshold: str = "lt"
    target: Decimal = Decimal("0.60")
    profile: str | None = None
