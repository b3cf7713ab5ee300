"""What the engine answers: figures of positions, pools and accounts, and the findings of the limits.

A figure that does not exist is None: no requirement to divide by, no equity to lever, or an input that is
missing, in which case `unknown_because` says which. Nothing here is rounded.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from margin.engine.measures import Used
from margin.engine.rational import Fraction
from margin.engine.types import Prices, PriceState


class MissingFigure(ArithmeticError):
    """A figure that does not exist was used: a fault of ours, which closes one account."""


def known(figure: Fraction | None) -> Fraction:
    """The figure, where the caller has made sure that it exists. Raises, also under `python -O`."""
    if figure is None:
        raise MissingFigure("a figure that does not exist was used")
    return figure


class Level(IntEnum):
    """How near the close-out a pool stands, better to worse; unknown is no level but the lack of one."""

    NORMAL = 0
    WATCH = 1
    AT_RISK = 2
    DANGER = 3
    MARGIN_CALL = 4
    LIQUIDATION = 5
    UNKNOWN = 6

    @property
    def word(self) -> str:
        """The level as pages and the API spell it: normal, watch, at_risk ..."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """As people read it: Normal, Watch, At risk ..."""
        return self.name.replace("_", " ").capitalize()


WORST_FIRST = (*sorted(set(Level) - {Level.UNKNOWN}, reverse=True), Level.UNKNOWN)
"""What is unknown stands apart, last."""


@dataclass(frozen=True, slots=True)
class PositionFigures:
    """One position in base currency; its requirement is its share of its leg's."""

    ref: str
    instrument: str
    pool: str
    mark: Fraction | None
    price_state: PriceState
    notional: Fraction | None = None
    exposure: Fraction | None = None
    unrealised_pnl: Fraction | None = None
    initial: Fraction | None = None
    maintenance: Fraction | None = None
    house_maintenance: Fraction | None = None


@dataclass(frozen=True, slots=True)
class LegFigures:
    """The positions of one instrument and side in one pool. `size` is in settlement currency.

    `initial` and `maintenance` are what the leg alone would need; `charged_*` what is left after an offset.
    """

    instrument: str
    side: int
    quantity: Fraction
    size: Fraction
    tier: int
    initial: Fraction
    maintenance: Fraction
    charged_initial: Fraction
    charged_maintenance: Fraction


@dataclass(frozen=True, slots=True)
class Split:
    """A portfolio requirement: base + volatility is the larger of minimum and worst loss.

    `offset` is what netting saved against the worst losses of each part alone.
    """

    base: Fraction
    volatility: Fraction
    concentration: Fraction
    liquidity: Fraction
    offset: Fraction
    worst: Fraction
    worst_scenario: str

    @property
    def maintenance(self) -> Fraction:
        return self.base + self.volatility + self.concentration + self.liquidity


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """One pool. `scale` is the sum of what was added up, against which closeness is judged.

    `prices` are those the figures rest on: of a pool in doubt the worse end's.
    """

    pool: str
    level: Level
    bounded: bool = False
    unknown_because: tuple[str, ...] = ()
    bounds: tuple[Level, Level] | None = None
    closed_markets: tuple[str, ...] = ()
    collateral: Fraction | None = None
    unrealised_pnl: Fraction | None = None
    equity: Fraction | None = None
    initial: Fraction | None = None
    maintenance: Fraction | None = None
    house_maintenance: Fraction | None = None
    utilisation: Fraction | None = None
    free_margin: Fraction | None = None
    shortfall: Fraction | None = None
    gross: Fraction | None = None
    net: Fraction | None = None
    leverage: Fraction | None = None
    scale: Fraction | None = None
    legs: tuple[LegFigures, ...] = ()
    positions: tuple[PositionFigures, ...] = ()
    prices: Prices | None = None
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """One sub-account over all its pools, the cross pool always first.

    `equity` counts an isolated pool only down to zero: what it loses beyond its pocket is the house's.
    `free_margin` is the cross pool's, from which new positions are funded.
    """

    code: str
    base: str
    level: Level
    binding_pool: str
    pools: tuple[PoolFigures, ...]
    bounded: bool = False
    unknown_because: tuple[str, ...] = ()
    equity: Fraction | None = None
    initial: Fraction | None = None
    maintenance: Fraction | None = None
    house_maintenance: Fraction | None = None
    utilisation: Fraction | None = None
    free_margin: Fraction | None = None
    gross: Fraction | None = None
    net: Fraction | None = None
    leverage: Fraction | None = None

    @property
    def positions(self) -> tuple[PositionFigures, ...]:
        return tuple(position for pool in self.pools for position in pool.positions)

    def pool(self, name: str) -> PoolFigures:
        """The pool of this name; a name the account does not have is a fault of the caller."""
        return next(pool for pool in self.pools if pool.pool == name)


class Severity(StrEnum):
    OK = "ok"
    WARN = "warn"
    BREACH = "breach"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a limit was found as it was."""

    WITHIN = "within"
    NEAR_LIMIT = "near_limit"
    OVER_LIMIT = "over_limit"
    NO_EQUITY = "no_equity"
    NO_LIMIT = "no_limit"
    UNKNOWN_FIGURE = "unknown_figure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One limit asked of one subject. `measured` None is unbounded (NO_EQUITY) or unknown.

    `used` is what it was measured from, where that is an amount.
    """

    rule: str
    subject: str
    measured: Fraction | None
    limit: Fraction | None
    severity: Severity
    reason: Reason
    binding: str = ""
    used: Used | None = None

    @property
    def is_over(self) -> bool:
        return self.severity in (Severity.BREACH, Severity.BLOCKED)
