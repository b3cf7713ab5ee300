"""The cross pool as a whole: requirements that are not sums over its instruments.

Takes the instruments of a cross pool valued one by one and the desk's rules; gives the pool's risk and
positions that share it. Without such rules the risk is the sum. Isolated pools have one position and are
never touched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from margin.engine.concentration import least_rates, two_largest_requirement
from margin.engine.figures import PositionFigures, Split, known
from margin.engine.portfolio import Book, net_by_underlying, portfolio_requirement
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, total
from margin.engine.terms import ShareTiers, TwoLargest
from margin.engine.types import ZERO, Account, Policy, Prices, house_factor, total_of
from margin.engine.valuation import Valued

Revalue = Callable[[Mapping[str, Fraction]], Sequence[Valued]]


@dataclass(frozen=True, slots=True)
class Whole:
    """`split` is None unless portfolio margin is on."""

    risk: Risk
    instruments: tuple[Valued, ...]
    split: Split | None = None


def plain(collateral: Risk, instruments: tuple[Valued, ...]) -> Whole:
    return Whole(total([collateral, *(valued.risk for valued in instruments)]), instruments)


def has_whole_rules(policy: Policy) -> bool:
    """Prices that hurt are then found by search: the requirement may jump."""
    return policy.portfolio is not None or policy.concentration is not None


def as_a_whole(
    account: Account,
    policy: Policy,
    prices: Prices,
    book: Book,
    *,
    collateral: Risk,
    spots: Mapping[str, Fraction],
    revalue: Revalue,
) -> Whole:
    """Share tiers change rates, portfolio margin replaces the sum, two-largest is a floor under either."""
    instruments = tuple(revalue({}))
    if isinstance(policy.concentration, ShareTiers):
        underlyings = {own[0].instrument.code: own[0].instrument.asset for own in book}
        instruments = tuple(revalue(least_rates(instruments, underlyings, policy.concentration)))
    found = plain(collateral, instruments)
    if policy.portfolio is not None:
        split = portfolio_requirement(book, spots, prices, policy.portfolio)
        initial = split.maintenance * policy.portfolio.initial_factor
        found = _with_requirement(
            account, found, collateral, maintenance=split.maintenance, initial=initial, split=split
        )
    if isinstance(policy.concentration, TwoLargest):
        asked = two_largest_requirement(net_by_underlying(book, spots, prices), policy.concentration)
        maintenance = max(found.risk.maintenance, asked * policy.concentration.maintenance_part)
        initial = max(found.risk.initial, asked)
        found = _with_requirement(
            account,
            found,
            collateral,
            maintenance=maintenance - collateral.maintenance,
            initial=initial - collateral.initial,
            split=found.split,
        )
    return found


def _with_requirement(
    account: Account,
    found: Whole,
    collateral: Risk,
    *,
    maintenance: Fraction,
    initial: Fraction,
    split: Split | None,
) -> Whole:
    """The positions' requirement set to these sums; each position shares them as it shared the old ones."""
    buffers = {own.legs[0].instrument: own.buffer for own in found.instruments if own.legs}
    rows = [row for own in found.instruments for row in own.positions]
    old = total_of(known(row.maintenance) for row in rows)
    old_initial = total_of(known(row.initial) for row in rows)

    def shared(row: PositionFigures) -> PositionFigures:
        own = _part(known(row.maintenance), old, known(row.notional), maintenance, rows)
        return replace(
            row,
            maintenance=own,
            initial=_part(known(row.initial), old_initial, known(row.notional), initial, rows),
            house_maintenance=own * house_factor(account.buffer, buffers.get(row.instrument, ZERO)),
        )

    instruments = tuple(
        replace(own, positions=tuple(shared(row) for row in own.positions)) for own in found.instruments
    )
    shares = [row for own in instruments for row in own.positions]
    by_share = total_of(known(row.house_maintenance) for row in shares)
    covered = total_of(known(row.maintenance) for row in shares)
    # What no position carries (a spot holding's part) still bears the account's buffer.
    house = by_share + (maintenance - covered) * house_factor(account.buffer)
    risk = Risk(
        found.risk.equity,
        initial + collateral.initial,
        maintenance + collateral.maintenance,
        house + collateral.house,
    )
    return Whole(risk, instruments, split)


def _part(
    own: Fraction, whole: Fraction, notional: Fraction, amount: Fraction, rows: Sequence[PositionFigures]
) -> Fraction:
    """In proportion to the old requirement; by notional where that was nothing."""
    if whole:
        return amount * own / whole
    gross = total_of(known(row.notional) for row in rows)
    return amount * notional / gross if gross else ZERO
