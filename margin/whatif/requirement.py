"""What a requirement is made of: each instrument's maintenance, debts, and what the house lays on top.

Takes a revisited account; gives parts that sum exactly to the house requirement, or none where it is unknown.
"""

from collections import defaultdict
from dataclasses import dataclass

from margin.engine.figures import Level, known
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, total_of
from margin.whatif.revisit import Revisited


@dataclass(frozen=True, slots=True)
class Requirement:
    """`by_instrument` largest first; `rest` is what no position carries: debts and the like."""

    by_instrument: tuple[tuple[str, Fraction], ...]
    rest: Fraction
    maintenance: Fraction
    house_buffer: Fraction
    instrument_buffers: Fraction
    house: Fraction
    equity: Fraction


def requirement_of(seen: Revisited) -> Requirement | None:
    figures = seen.figures
    if figures.level is Level.UNKNOWN:
        return None
    if figures.equity is None or figures.maintenance is None or figures.house_maintenance is None:
        return None
    sums: dict[str, Fraction] = defaultdict(lambda: ZERO)
    for row in figures.positions:
        sums[row.instrument] += known(row.maintenance)
    factor = ONE + seen.account.buffer
    own = total_of(
        known(row.house_maintenance) - known(row.maintenance) * factor for row in figures.positions
    )
    return Requirement(
        by_instrument=tuple(sorted(sums.items(), key=lambda item: (-item[1], item[0]))),
        rest=figures.maintenance - total_of(sums.values()),
        maintenance=figures.maintenance,
        house_buffer=figures.house_maintenance - figures.maintenance - own,
        instrument_buffers=own,
        house=figures.house_maintenance,
        equity=figures.equity,
    )
