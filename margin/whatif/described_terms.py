"""Terms that somebody describes: the margin tiers of an instrument, the haircuts of a balance.

Takes them as they were told; gives what is wrong with them, each under its field, and of what is not the
engine's nouns.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, pairwise

from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts, HaircutTier, Schedule, Tier
from margin.engine.types import ZERO, Instrument, Kind
from margin.whatif.described import DescribedCollateral, DescribedInstrument

Fault = tuple[str, str, object, str]
"""Field, rule, value, message."""
MOST_NOTIONAL = Decimal(10) ** 15
"""Of one leg, where no further tier begins: an amount it could never outgrow frees every position."""


def faults_of_instrument(row: DescribedInstrument, field: str) -> Iterator[Fault]:
    yield from chain(_of_tiers(row, field), _of_amounts(row, field))
    if row.kind == Kind.INVERSE and row.allow_negative:
        says = "The price of an inverse contract cannot go below zero."
        yield f"{field}.allow_negative", "inverse", "true", says


def _of_tiers(row: DescribedInstrument, field: str) -> Iterator[Fault]:
    first = row.tiers[0].floor
    if first != 0:
        yield f"{field}.tiers[0].floor", "first_floor", first, "The first tier begins at 0."
    for place, (low, high) in enumerate(pairwise(row.tiers), start=1):
        where = f"{field}.tiers[{place}]"
        if high.floor <= low.floor:
            yield f"{where}.floor", "order", high.floor, "Each tier begins above the one before."
        for name in ("initial_rate", "maintenance_rate"):
            if getattr(high, name) < getattr(low, name):
                says = "Rates do not fall from one tier to the next."
                yield f"{where}.{name}", "order", getattr(high, name), says


def _of_amounts(row: DescribedInstrument, field: str) -> Iterator[Fault]:
    """A venue's own amount is less than its tier's largest size requires: else nothing is ever due."""
    ends = [*(tier.floor for tier in row.tiers[1:]), MOST_NOTIONAL]
    for place, (tier, end) in enumerate(zip(row.tiers, ends, strict=True)):
        most = Fraction(end) * (Fraction(tier.maintenance_rate) + Fraction(row.fee_rate))
        if tier.maintenance_amount is not None and Fraction(tier.maintenance_amount) > most:
            says = (
                f"A tier's amount is at most what its largest size ({end:f}) requires before it: "
                "beyond that nothing would ever be due."
            )
            yield f"{field}.tiers[{place}].maintenance_amount", "most", tier.maintenance_amount, says


def instrument_of(code: str, row: DescribedInstrument) -> Instrument:
    tiers = tuple(
        Tier(
            Fraction(tier.floor),
            Fraction(tier.initial_rate),
            Fraction(tier.maintenance_rate),
            None if tier.maintenance_amount is None else Fraction(tier.maintenance_amount),
        )
        for tier in row.tiers
    )
    return Instrument(
        code,
        Schedule(tiers, fee_rate=Fraction(row.fee_rate)),
        settlement=f"settlement of {code}",
        kind=Kind(row.kind),
        contract_size=Fraction(row.contract_size),
        underlying=row.underlying,
        allow_negative=row.allow_negative,
        reference_price=Fraction(row.reference_price),
        buffer=Fraction(row.buffer),
        loading=Fraction(row.loading),
    )


def faults_of_haircuts(row: DescribedCollateral, field: str) -> Iterator[Fault]:
    floors = [tier.floor for tier in row.haircut_tiers or ()]
    if floors and floors[0] != 0:
        yield f"{field}.haircut_tiers[0].floor", "first_floor", floors[0], "The first tier begins at 0."
    for place, (low, high) in enumerate(pairwise(floors), start=1):
        if high <= low:
            where = f"{field}.haircut_tiers[{place}].floor"
            yield where, "order", high, "Each tier begins above the one before."


def haircuts_of(row: DescribedCollateral) -> Haircuts:
    """Its tiers, or one for any size."""
    if row.haircut_tiers is None:
        return Haircuts((HaircutTier(ZERO, Fraction(row.haircut or 0)),))
    return Haircuts(tuple(HaircutTier(Fraction(t.floor), Fraction(t.rate)) for t in row.haircut_tiers))
