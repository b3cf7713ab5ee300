"""What the engine is told: plain, frozen values with exact rational numbers inside.

Takes decimals turned into fractions by `exact`; gives the nouns of the rulebook. Never reads a clock, a
file or a database, and never fills in a number that was not given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from margin.engine.rational import Fraction
from margin.engine.terms import PortfolioTerms, ShareTiers, TwoLargest
from margin.engine.tiers import Haircuts, Schedule

ZERO = Fraction(0)
ONE = Fraction(1)
WALLET = "wallet"
ISOLATED = "isolated:"


def exact(number: str | int | Decimal | Fraction) -> Fraction:
    """The exact value of a decimal. Floats are refused: they are not what was typed."""
    if isinstance(number, float):
        raise TypeError(f"{number!r} is a float; money is given as a decimal")
    return Fraction(number)


def total_of(numbers: Iterable[Fraction]) -> Fraction:
    """Their sum, without an addition where there is only one: additions of fractions are what costs time."""
    rest = iter(numbers)
    total = next(rest, ZERO)
    for number in rest:
        total += number
    return total


def isolated_pocket(ref: str) -> str:
    """The pocket of an isolated position, and so its pool."""
    return f"{ISOLATED}{ref}"


class Kind(StrEnum):
    LINEAR = "linear"
    INVERSE = "inverse"


class Mode(StrEnum):
    CROSS = "cross"
    ISOLATED = "isolated"


class PriceState(StrEnum):
    """How far a price can be trusted. Closed is a market at rest, not a doubt."""

    FRESH = "fresh"
    STALE = "stale"
    UNCONFIRMED = "unconfirmed"
    CLOSED = "closed"
    MISSING = "missing"

    @property
    def in_doubt(self) -> bool:
        return self in (PriceState.STALE, PriceState.UNCONFIRMED)


class AtThreshold(StrEnum):
    """Is equity equal to the requirement still enough (`lt`) or already short (`le`)?"""

    LT = "lt"
    LE = "le"


class Offsets(StrEnum):
    NONE = "none"
    HEDGE = "hedge"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded. `loading` answers a market-wide shock, `fx_loading` that of the settlement rate."""

    code: str
    schedule: Schedule
    settlement: str
    kind: Kind = Kind.LINEAR
    contract_size: Fraction = ONE
    underlying: str = ""
    allow_negative: bool = False
    reference_price: Fraction = ZERO
    buffer: Fraction = ZERO
    loading: Fraction = ONE
    fx_loading: Fraction | None = None
    loadings: Mapping[str, Fraction] = field(default_factory=dict)
    asset_class: str = ""
    cap_class: str = ""
    lot: Fraction = ZERO

    @property
    def may_be_negative(self) -> bool:
        """An inverse contract divides by its price: whatever it allows, it must stay above zero."""
        return self.allow_negative and self.kind is Kind.LINEAR

    @property
    def asset(self) -> str:
        """What it is a bet on; what names no underlying stands for itself."""
        return self.underlying or self.code

    def may_cost(self, price: Fraction) -> bool:
        """Zero and less only where it may be negative; an inverse contract divides by its price."""
        return price > 0 or (self.allow_negative and self.kind is Kind.LINEAR)


@dataclass(frozen=True, slots=True)
class Position:
    ref: str
    instrument: Instrument
    mode: Mode
    quantity: Fraction
    entry_price: Fraction
    leverage: Fraction | None = None
    venue: str = ""
    strategy: str = ""

    @property
    def pool(self) -> str:
        """The pool whose margin stands behind this position."""
        return "cross" if self.mode is Mode.CROSS else isolated_pocket(self.ref)


@dataclass(frozen=True, slots=True)
class Holding:
    """A balance in a pocket: `wallet` (the cross pool's) or `isolated:<ref>`. Negative is borrowed."""

    pocket: str
    asset: str
    amount: Fraction

    @property
    def pool(self) -> str:
        return "cross" if self.pocket == WALLET else self.pocket


@dataclass(frozen=True, slots=True)
class AssetTerms:
    """How an asset counts as collateral, what owing it requires, and the step in which it is moved."""

    asset: str
    haircuts: Haircuts = field(default_factory=Haircuts)
    liability_initial: Fraction = ZERO
    liability_maintenance: Fraction = ZERO
    loading: Fraction = ONE
    step: Fraction = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Account:
    """One sub-account. `buffer` is the effective house buffer; `recognised_caps` its own caps per asset."""

    code: str
    base: str
    positions: tuple[Position, ...] = ()
    holdings: tuple[Holding, ...] = ()
    terms: Mapping[str, AssetTerms] = field(default_factory=dict)
    buffer: Fraction = ZERO
    buffer_source: str = ""
    recognised_caps: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """One instrument's price; `low` and `high` are the ends of its guard band where it is in doubt."""

    price: Fraction | None
    state: PriceState = PriceState.FRESH
    low: Fraction | None = None
    high: Fraction | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of an asset is worth in the base currency, and the path of prices that says so."""

    value: Fraction | None
    state: PriceState = PriceState.FRESH
    path: tuple[str, ...] = ()
    low: Fraction | None = None
    high: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """All prices one account is measured with; `rates` are to `base`, which itself is always worth one.

    `settlements` are rates told for single instruments, by code; they go before the settlement asset's.
    """

    base: str
    marks: Mapping[str, Mark]
    rates: Mapping[str, Rate] = field(default_factory=dict)
    settlements: Mapping[str, Rate] = field(default_factory=dict)

    def rate_of(self, instrument: Instrument) -> Fraction | None:
        """From the instrument's settlement currency to the base; None where it is not known."""
        own = self.settlements.get(instrument.code)
        if own is not None:
            return own.value
        if instrument.settlement == self.base:
            return ONE
        rate = self.rates.get(instrument.settlement)
        return rate.value if rate else None


@dataclass(frozen=True, slots=True)
class Prices:
    """The numbers one pool is measured with, all present: marks of its instruments, rates of its assets."""

    marks: Mapping[str, Fraction]
    rates: Mapping[str, Fraction]
    states: Mapping[str, PriceState]
    settlements: Mapping[str, Fraction] = field(default_factory=dict)

    def rate_of(self, instrument: Instrument) -> Fraction:
        """From the instrument's settlement currency to the base."""
        own = self.settlements.get(instrument.code)
        return self.rates[instrument.settlement] if own is None else own


@dataclass(frozen=True, slots=True)
class Policy:
    """A desk's choices. The figures are the defaults of the rulebook, not truths."""

    watch: Fraction = Fraction(60, 100)
    at_risk: Fraction = Fraction(70, 100)
    danger: Fraction = Fraction(80, 100)
    target: Fraction = Fraction(60, 100)
    at_threshold: AtThreshold = AtThreshold.LT
    offsets: Offsets = Offsets.NONE
    portfolio: PortfolioTerms | None = None
    concentration: TwoLargest | ShareTiers | None = None


def house_factor(buffer: Fraction, own: Fraction = ZERO) -> Fraction:
    """1 + b + b_p: what makes a maintenance requirement the house's; `own` is the instrument's buffer."""
    return ONE + buffer + own


def effective_buffer(
    *,
    desk: Fraction | None = None,
    client_class: Fraction | None = None,
    client: Fraction | None = None,
    sub_account: Fraction | None = None,
) -> tuple[Fraction, str]:
    """The most specific house buffer and where it comes from. Blank inherits; zero is a value."""
    for value, source in (
        (sub_account, "sub_account"),
        (client, "client"),
        (client_class, "client_class"),
        (desk, "desk"),
    ):
        if value is not None:
            return value, source
    return ZERO, ""
