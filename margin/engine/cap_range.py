"""Caps while prices are in doubt: how far above or below, over every guard band.

Takes an account, the market, an amount G and a factor k; gives the least and the most of k*E - G that the
doubtful prices allow. Where both are on one side of zero the cap's answer is sure, whatever the true price
is. A pool's sum is taken instrument by instrument: each is straight in its mark (inverse: in 1/m), so its
ends are extreme.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from margin.engine.measures import Amount, Sums, gross
from margin.engine.pools import CROSS, Pool, pools_of, value_collateral
from margin.engine.prices import Needed, gather
from margin.engine.rational import Fraction
from margin.engine.types import ZERO, Account, Market, Offsets, Position, PriceState
from margin.engine.valuation import value_instrument

LEAST, MOST = min, max
Of = str | frozenset[str]
"""What of the holdings counts: one instrument, several, or (blank) everything."""


def counts(code: str, of: Of) -> bool:
    return code in of if isinstance(of, frozenset) else of in ("", code)


@dataclass(frozen=True, slots=True)
class Ends:
    """k*E - G at its worst and at its best; below zero is above the cap."""

    least: Fraction = ZERO
    most: Fraction = ZERO

    def __add__(self, other: "Ends") -> "Ends":
        return Ends(self.least + other.least, self.most + other.most)

    def times(self, rate: Fraction) -> "Ends":
        return Ends(self.least * rate, self.most * rate)


def account_ends(
    account: Account, market: Market, k: Fraction, *, amount: Amount = gross, of: Of = ""
) -> Ends | None:
    """Over all pools, an isolated one counted only down to zero. None where it cannot be said."""
    parts = []
    for pool in pools_of(account):
        part = pool_ends(account, pool, market, k, floored=pool.name != CROSS, amount=amount, of=of)
        if part is None:
            return None
        parts.append(part)
    return sum(parts, Ends())


def pool_ends(
    account: Account,
    pool: Pool,
    market: Market,
    k: Fraction,
    *,
    floored: bool = False,
    amount: Amount = gross,
    of: Of = "",
) -> Ends | None:
    """One pool; `of` counts these instruments only. None: a price is missing or a rate in doubt."""
    needed = gather(account, pool, market)
    if needed.missing or needed.doubtful_rates or account.recognised_caps or _straddles_zero(pool, needed):
        return None
    held = value_collateral(account, pool, needed.prices.rates, {}).risk.equity
    choices = [
        [(sums.equity, amount(sums) if counts(code, of) else ZERO) for sums in both]
        for code, both in _at_both_ends(account, pool, needed)
    ]
    if floored:
        values = [_floored(k, held, both) for both in choices] or [[k * max(ZERO, held)]]
        return Ends(min(values[0]), max(values[0]))
    totals = [[k * pnl - counted for pnl, counted in both] for both in choices]
    return Ends(*(k * held + sum((pick(both) for both in totals), ZERO) for pick in (LEAST, MOST)))


def _floored(k: Fraction, held: Fraction, both: list[tuple[Fraction, Fraction]]) -> list[Fraction]:
    """An isolated pool has one position: its equity is known at each end, and cut at zero.

    Where it comes to zero between them is an end too: the position may be larger there than below.
    """
    ends = [(held + pnl, counted) for pnl, counted in both]
    (e1, n1), (e2, n2) = ends[0], ends[-1]
    if e1 * e2 < 0:
        ends.append((ZERO, n1 + (n2 - n1) * e1 / (e1 - e2)))
    return [k * max(ZERO, equity) - counted for equity, counted in ends]


def _at_both_ends(account: Account, pool: Pool, needed: Needed) -> Iterator[tuple[str, list[Sums]]]:
    """Each instrument's notional and profit; once where its mark is not in doubt."""
    for code, positions in pool.by_instrument.items():
        marks = needed.doubtful_marks.get(code, (needed.prices.marks[code],))
        rate = needed.prices.rate_of(positions[0].instrument)
        yield code, [_valued(account, positions, mark, rate) for mark in marks]


def _valued(account: Account, positions: Sequence[Position], mark: Fraction, rate: Fraction) -> Sums:
    valued = value_instrument(
        positions,
        mark=mark,
        rate=rate,
        state=PriceState.FRESH,
        buffer=account.buffer,
        offsets=Offsets.NONE,
    )
    return Sums(valued.gross, valued.net, valued.risk.equity)


def _straddles_zero(pool: Pool, needed: Needed) -> bool:
    """Notional bends where a price crosses zero or its reference: there the ends are not extreme."""
    return any(
        low <= pool.by_instrument[code][0].instrument.reference_price
        for code, (low, _) in needed.doubtful_marks.items()
    )
