"""What the kinds of limits measure, one entry each.

Takes what is held and the equity behind it; gives what is used of a limit. Knows no limit and no subject.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO


@dataclass(frozen=True, slots=True)
class Sums:
    """What is held, gross and net (signed), and the equity behind it, in one currency."""

    gross: Fraction = ZERO
    net: Fraction = ZERO
    equity: Fraction = ZERO

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.gross + other.gross, self.net + other.net, self.equity + other.equity)

    def times(self, rate: Fraction) -> "Sums":
        return Sums(self.gross * rate, self.net * rate, self.equity * rate)


@dataclass(frozen=True, slots=True)
class Used:
    """An amount, over what it is measured by: equity, or one."""

    amount: Fraction
    per: Fraction = ONE

    @property
    def ratio(self) -> Fraction | None:
        """None is unbounded: something held on nothing."""
        if self.amount == 0:
            return ZERO
        return self.amount / self.per if self.per > 0 else None


Amount = Callable[[Sums], Fraction]


@dataclass(frozen=True, slots=True)
class Measure:
    """The largest of some amounts, each a plain sum over positions: guard bands can be followed."""

    amounts: tuple[Amount, ...]
    per_equity: bool = False

    def of(self, sums: Sums) -> Used:
        return Used(max(amount(sums) for amount in self.amounts), sums.equity if self.per_equity else ONE)


class LimitKind(StrEnum):
    LEVERAGE = "leverage"
    GROSS = "gross"
    NET = "net"


class WholeKind(StrEnum):
    """Kinds that no sum answers: what a whole book is like. Measured in `margin.engine.whole_measures`."""

    ONE_ASSET = "one_asset"
    ONE_WAY = "one_way"
    WORST_LOSS = "worst_loss"
    COLLATERAL = "collateral"


AnyKind = LimitKind | WholeKind


class Unit(StrEnum):
    """In what a kind is measured, and its limit set."""

    TIMES = "times"
    SHARE = "share"
    MONEY = "money"


UNITS: Mapping[AnyKind, Unit] = {
    LimitKind.LEVERAGE: Unit.TIMES,
    LimitKind.GROSS: Unit.MONEY,
    LimitKind.NET: Unit.MONEY,
    WholeKind.ONE_ASSET: Unit.SHARE,
    WholeKind.ONE_WAY: Unit.SHARE,
    WholeKind.WORST_LOSS: Unit.MONEY,
    WholeKind.COLLATERAL: Unit.SHARE,
}


def any_kind(word: str) -> AnyKind:
    """The kind of this name."""
    return next(kind for kind in UNITS if kind.value == word)


def gross(sums: Sums) -> Fraction:
    return sums.gross


def bought(sums: Sums) -> Fraction:
    return sums.net


def sold(sums: Sums) -> Fraction:
    return -sums.net


MEASURES: Mapping[LimitKind, Measure] = {
    LimitKind.LEVERAGE: Measure((gross,), per_equity=True),
    LimitKind.GROSS: Measure((gross,)),
    LimitKind.NET: Measure((bought, sold)),
}
