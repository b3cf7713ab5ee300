"""The words of the gate: what an order may be told, why, and what restrains an account beyond its margin.

Takes nothing, gives nouns. What they mean for an order stands in `pretrade`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from margin.engine.capped import Seen
from margin.engine.figures import AccountFigures, Finding
from margin.engine.limits import Cap
from margin.engine.orders import Side
from margin.engine.rational import Fraction
from margin.engine.types import Account


class Decision(StrEnum):
    ALLOW = "allow"
    REDUCE_TO = "reduce_to"
    REJECT = "reject"


class Control(StrEnum):
    """Imposed by the desk, beside the measured level."""

    OPEN = "open"
    REDUCE_ONLY = "reduce_only"
    FROZEN = "frozen"


class Why(StrEnum):
    REDUCES_RISK = "reduces_risk"
    COVERED = "covered"
    FROZEN = "frozen"
    REDUCE_ONLY = "reduce_only"
    NEWLY_SHORT = "newly_short"
    STILL_SHORT = "still_short"
    OTHER_POOL_SHORT = "other_pool_short"
    ADDS_RISK = "adds_risk"
    OVER_CAP = "over_cap"
    NO_CAP = "no_cap"
    POSITION_LIMIT = "position_limit"
    ACCOUNT_TEST = "account_test"
    UNKNOWN_FIGURE = "unknown_figure"
    PRICE_IN_DOUBT = "price_in_doubt"
    OPPOSED = "opposed"
    NO_PRICE = "no_price"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    AMBIGUOUS_POSITION = "ambiguous_position"
    INACTIVE = "inactive"
    MARKET_CLOSED = "market_closed"
    PRICE_BAND = "price_band"
    STALE_DATA = "stale_data"


@dataclass(frozen=True, slots=True)
class Restraints:
    """What holds beyond margin: the control, the caps, and a test over the account (True is met).

    `imposed` says who imposed the control, on what, since when and why; nothing: it follows from a status.

    `caps` asks every cap of the account after the order, in place of the two kinds named before it; `sides`
    are the cases of resting orders it is asked in. `refused` are reasons against any new risk, known before.
    """

    control: Control = Control.OPEN
    account_caps: Sequence[Cap] = ()
    instrument_caps: Mapping[str, Sequence[Cap]] = field(default_factory=dict)
    account_test: Callable[[Account, AccountFigures], bool] | None = None
    caps: Callable[[Seen, Side], Iterable[Finding]] | None = None
    sides: Sequence[Side] = (Side.ALL,)
    refused: Sequence["Because"] = ()
    imposed: "Because | None" = None


@dataclass(frozen=True, slots=True)
class Because:
    """One reason, with the limit it rests on and what was measured against it, where there is one.

    `said` is a sentence that a person left with it.
    """

    why: Why
    pool: str = ""
    limit: str = ""
    measured: Fraction | None = None
    allowed: Fraction | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`quantity` is signed like the order's: what may be sent now."""

    decision: Decision
    quantity: Fraction
    reasons: tuple[Because, ...]
    before: AccountFigures
    after: AccountFigures
