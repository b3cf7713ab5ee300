"""Exposure: how much is held, gross and net, by any key; and how much of it in one place.

Takes measured accounts with whose they are; gives sums in one reporting currency. What could not be valued is
left out of a sum and named beside it, never counted as nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from margin.engine.figures import AccountFigures
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account, total_of


@dataclass(frozen=True, slots=True)
class Exposed:
    """One position as exposure: `net` is signed by its side, None both where it is not known."""

    desk: str
    client: str
    account: str
    ref: str
    instrument: str
    underlying: str
    venue: str
    strategy: str
    factors: Mapping[str, Fraction] = field(default_factory=dict)
    gross: Fraction | None = None
    net: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    gross: Fraction = ZERO
    net: Fraction = ZERO

    def plus(self, gross: Fraction, net: Fraction) -> "Exposure":
        return Exposure(self.gross + gross, self.net + net)


@dataclass(frozen=True, slots=True)
class Rollup:
    """Sums by key, and the positions (account, ref) that are missing in them."""

    by_key: Mapping[str, Exposure]
    left_out: tuple[tuple[str, str], ...]

    @property
    def gross(self) -> Fraction:
        return total_of(exposure.gross for exposure in self.by_key.values())


def exposed(
    account: Account, figures: AccountFigures, *, client: str, desk: str = "", rate: Fraction | None = ONE
) -> list[Exposed]:
    """The account's positions in the reporting currency; `rate` is from its base, None if unknown."""
    rows = {row.ref: row for row in figures.positions}
    found = []
    for position in account.positions:
        row, instrument = rows[position.ref], position.instrument
        found.append(
            Exposed(
                desk=desk,
                client=client,
                account=account.code,
                ref=position.ref,
                instrument=instrument.code,
                underlying=instrument.asset,
                venue=position.venue,
                strategy=position.strategy,
                factors=instrument.loadings,
                gross=_at(row.notional, rate),
                net=_at(row.exposure, rate),
            )
        )
    return found


def _at(figure: Fraction | None, rate: Fraction | None) -> Fraction | None:
    return None if figure is None or rate is None else figure * rate


KEYS: Mapping[str, Callable[[Exposed], str]] = {
    "asset": lambda row: row.underlying,
    "instrument": lambda row: row.instrument,
    "venue": lambda row: row.venue,
    "strategy": lambda row: row.strategy,
    "client": lambda row: row.client,
    "desk": lambda row: row.desk,
}


def rolled_up(rows: Iterable[Exposed], *, by: str) -> Rollup:
    """Gross and net per key; by `factor` each position counts on every factor by its loading."""
    sums: dict[str, Exposure] = defaultdict(Exposure)
    left_out = []
    for row in rows:
        if row.gross is None or row.net is None:
            left_out.append((row.account, row.ref))
            continue
        for key, loading in _keys(row, by):
            sums[key] = sums[key].plus(row.gross * abs(loading), row.net * loading)
    return Rollup(dict(sums), tuple(left_out))


def _keys(row: Exposed, by: str) -> Iterable[tuple[str, Fraction]]:
    if by == "factor":
        return row.factors.items()
    return [(KEYS[by](row), ONE)]


@dataclass(frozen=True, slots=True)
class Share:
    """The largest part of a whole; None where there is nothing to divide."""

    key: str
    share: Fraction | None


def concentration(rows: Sequence[Exposed]) -> Share:
    """The underlying with the largest share of the gross."""
    rollup = rolled_up(rows, by="asset")
    whole = rollup.gross
    key = max(rollup.by_key, key=lambda name: rollup.by_key[name].gross, default="")
    return Share(key, rollup.by_key[key].gross / whole if whole else None)


def share_of_market(
    rows: Sequence[Exposed], instrument: str, market_size: Fraction | None
) -> Fraction | None:
    """The desk's share of an instrument's open interest or volume; None where that is not known."""
    held = rolled_up((row for row in rows if row.instrument == instrument), by="instrument")
    return abs(held.by_key.get(instrument, Exposure()).net) / market_size if market_size else None
