"""Concentration: what a book requires because too much of it is one thing.

Takes exposures per underlying and a preset; gives what it asks for. The cliffs of share tiers are meant: a
sale can push another underlying over a share and raise the requirement.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from margin.engine.rational import Fraction
from margin.engine.terms import ShareTiers, TwoLargest
from margin.engine.types import ZERO, total_of
from margin.engine.valuation import Valued


def two_largest_requirement(net: Mapping[str, Fraction], preset: TwoLargest) -> Fraction:
    """C on netted |exposure| per underlying, never below zero."""
    sizes = sorted((abs(exposure) for exposure in net.values()), reverse=True)
    asked = preset.largest * total_of(sizes[:2]) + preset.rest * total_of(sizes[2:]) - preset.free
    return max(ZERO, asked)


def least_rates(
    valued: Sequence[Valued], underlyings: Mapping[str, str], preset: ShareTiers
) -> dict[str, Fraction]:
    """By instrument: the rate its underlying's share of the pool's notional asks for, where one does."""
    gross: dict[str, Fraction] = defaultdict(lambda: ZERO)
    for own in valued:
        gross[underlyings[own.legs[0].instrument] if own.legs else ""] += own.gross
    whole = total_of(gross.values())
    rates = {code: preset.least_rate(gross[name], whole) for code, name in underlyings.items()}
    return {code: rate for code, rate in rates.items() if rate}
