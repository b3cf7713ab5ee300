"""Equity against requirement: one small value with the questions that are asked of it.

The same type serves a holding, a leg, a pool. Levels are decided by multiplying across, never by dividing,
so zero needs no path of its own and nothing is lost to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from margin.engine.figures import Level, PoolFigures, known
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, AtThreshold, Policy, total_of


@dataclass(frozen=True, slots=True)
class Risk:
    """`house` is maintenance with the house buffer on top."""

    equity: Fraction = ZERO
    initial: Fraction = ZERO
    maintenance: Fraction = ZERO
    house: Fraction = ZERO

    def __add__(self, other: "Risk") -> "Risk":
        return Risk(
            self.equity + other.equity,
            self.initial + other.initial,
            self.maintenance + other.maintenance,
            self.house + other.house,
        )

    @property
    def required(self) -> Fraction:
        """What new risk and withdrawals must leave covered."""
        return max(self.initial, self.house)

    @property
    def free_margin(self) -> Fraction:
        return max(ZERO, self.equity - self.required)

    @property
    def utilisation(self) -> Fraction | None:
        """House requirement over equity; None where it is unbounded."""
        if self.equity > 0:
            return self.house / self.equity
        return ZERO if self.house == 0 == self.equity else None

    def worse_than(self, other: "Risk") -> bool:
        """Nearer to its end than the other; no equity behind a requirement is worst."""
        if self.equity > 0 and other.equity > 0:
            return self.house * other.equity > other.house * self.equity
        return self.equity < other.equity

    def level(self, policy: Policy) -> Level:
        """The measured level: the worst line that has been crossed."""
        if self.maintenance == 0 and self.house == 0:
            return Level.LIQUIDATION if self.equity < 0 else Level.NORMAL
        if _is_short(self.equity, self.maintenance, policy):
            return Level.LIQUIDATION
        if _is_short(self.equity, self.house, policy):
            return Level.MARGIN_CALL
        for level, share in bands(policy):
            if self.house >= share * self.equity:
                return level
        return Level.NORMAL


@dataclass(frozen=True, slots=True)
class Line:
    """What a level asks: the weights of equity, maintenance and house maintenance in one sum."""

    equity: Fraction
    maintenance: Fraction
    house: Fraction

    def above(self, risk: Risk) -> Fraction:
        """How far above the line a pool (or its part) is; negative below it."""
        return self.equity * risk.equity - self.maintenance * risk.maintenance - self.house * risk.house


SOLVENT = Line(ONE, ZERO, ZERO)


def bands(policy: Policy) -> tuple[tuple[Level, Fraction], ...]:
    """The bands of utilisation below the call, worst first."""
    return (
        (Level.DANGER, policy.danger),
        (Level.AT_RISK, policy.at_risk),
        (Level.WATCH, policy.watch),
    )


def lines(policy: Policy) -> dict[Level, Line]:
    """The line under which each level begins, worst first."""
    return {
        Level.LIQUIDATION: Line(ONE, ONE, ZERO),
        Level.MARGIN_CALL: Line(ONE, ZERO, ONE),
        **{level: Line(share, ZERO, ONE) for level, share in bands(policy)},
    }


def _is_short(equity: Fraction, requirement: Fraction, policy: Policy) -> bool:
    if policy.at_threshold is AtThreshold.LE:
        return equity <= requirement
    return equity < requirement


def total(risks: Sequence[Risk]) -> Risk:
    """The sum of parts that stand behind one another."""
    return Risk(
        total_of(risk.equity for risk in risks),
        total_of(risk.initial for risk in risks),
        total_of(risk.maintenance for risk in risks),
        total_of(risk.house for risk in risks),
    )


def risk_of(pool: PoolFigures) -> Risk:
    """A known pool's equity and requirement, to ask questions of."""
    return Risk(
        known(pool.equity), known(pool.initial), known(pool.maintenance), known(pool.house_maintenance)
    )
