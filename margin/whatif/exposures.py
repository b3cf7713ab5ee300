"""How much is held, net and gross, by any key: over a whole desk, in its reporting currency.

Takes the desk's newest frames and what is known of its positions; gives the engine's exposed rows, and sums
of them with each one's share. What has no figure or no rate is left out, counted and named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from accounts.models import Asset, Desk
from margin.book.frame import Frame, rows_of
from margin.book.load_market import load_edges
from margin.book.marks import from_shown
from margin.book.rates import RateGraph
from margin.book.read import frames
from margin.engine.exposure import KEYS, Exposed, Exposure, rolled_up
from margin.engine.rational import Fraction
from margin.engine.types import ZERO, total_of
from margin.flow.kept import forgets
from margin.models import Instrument, PositionVersion

BY = ("asset", "factor", "venue", "strategy", "client", "instrument")
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ExposedBook:
    """All positions of a desk as exposure, of the runs in `heads` (shard → run, seq, at).

    `alone`: the codes that stand by asset for themselves, since their instruments name no asset.
    """

    currency: str
    places: int
    rows: Sequence[Exposed]
    heads: Mapping[int, tuple[str, int, str]]
    alone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """One key's part; `share` of the whole gross, None where nothing is held."""

    key: str
    exposure: Exposure
    share: Fraction | None


_kept: dict[str, ExposedBook] = {}
forgets(_kept.clear)


def exposed_book(desk: Desk) -> ExposedBook:
    """Made once a run: every page and call between two runs reads the same."""
    found = [frame for frame in frames() if desk.code in frame.desks]
    heads = {frame.shard: (frame.run, frame.seq, frame.at) for frame in found}
    kept = _kept.get(desk.code)
    if kept is None or kept.heads != heads:
        currency = desk.reporting_currency
        rows = [row for frame in found for row in _rows(frame, desk)]
        kept = _kept[desk.code] = ExposedBook(currency.code, currency.scale, rows, heads, _alone(rows))
    return kept


def sums(rows: Sequence[Exposed], by: str) -> tuple[list[Held], tuple[Place, ...]]:
    """Largest gross first, and the positions that are missing in it (account, ref)."""
    rollup = rolled_up(rows, by=by)
    whole = total_of(row.gross for row in rows if row.gross is not None and row.net is not None)
    found = [
        Held(key, exposure, exposure.gross / whole if whole else None)
        for key, exposure in rollup.by_key.items()
    ]
    return sorted(found, key=lambda held: (-held.exposure.gross, held.key)), rollup.left_out


def holders(rows: Sequence[Exposed], by: str, key: str) -> list[Exposed]:
    """The positions behind one key; by `factor` each counts by its loading, as in the sum."""
    if by != "factor":
        return [row for row in rows if KEYS[by](row) == key]
    return [_loaded(row, row.factors[key]) for row in rows if key in row.factors]


def _loaded(row: Exposed, loading: Fraction) -> Exposed:
    if row.gross is None or row.net is None:
        return row
    return replace(row, gross=row.gross * abs(loading), net=row.net * loading)


def _rows(frame: Frame, desk: Desk) -> list[Exposed]:
    graph = RateGraph(load_edges(), {code: from_shown(price) for code, price in frame.prices.items()})
    owners = {row["account"]: row for row in rows_of(frame.accounts) if row["desk"] == desk.code}
    bases = {row["currency"] for row in owners.values()}
    rates = {base: graph.rate(base, desk.reporting_currency.code).value for base in bases}
    traded, told = _traded(), _told(desk)
    found = []
    for row in rows_of(frame.positions):
        owner = owners.get(row["account"])
        if owner is None or row["instrument"] not in traded:
            continue
        underlying, factors = traded[row["instrument"]]
        venue, strategy = told.get((row["account"], row["ref"]), ("", ""))
        gross = _gross(row["notional"], rates[owner["currency"]])
        found.append(
            Exposed(
                desk=desk.code,
                client=owner["client"],
                account=row["account"],
                ref=row["ref"],
                instrument=row["instrument"],
                underlying=underlying,
                venue=venue,
                strategy=strategy,
                factors=factors,
                gross=gross,
                net=None if gross is None else gross * _side(row["quantity"], row["mark"]),
            )
        )
    return found


def _gross(notional: str | None, rate: Fraction | None) -> Fraction | None:
    return None if notional is None or rate is None else Fraction(notional) * rate


def _side(quantity: str, mark: str | None) -> Fraction:
    signed = Fraction(quantity) * Fraction(mark or 0)
    return Fraction((signed > ZERO) - (signed < ZERO))


def _traded() -> dict[str, tuple[str, Mapping[str, Fraction]]]:
    """By instrument: what it is a bet on, and its risk factors."""
    rows = Instrument.objects.select_related("underlying").prefetch_related("loadings__factor")
    return {
        row.code: (
            row.underlying.code if row.underlying else row.code,
            {loading.factor.code: Fraction(loading.loading) for loading in row.loadings.all()},
        )
        for row in rows
    }


def _alone(rows: Sequence[Exposed]) -> frozenset[str]:
    held = {row.underlying for row in rows}
    return frozenset(held.difference(Asset.objects.filter(code__in=held).values_list("code", flat=True)))


def _told(desk: Desk) -> dict[Place, tuple[str, str]]:
    """Venue and strategy of each open position, as its source told them."""
    rows = PositionVersion.objects.filter(revision_to__isnull=True, sub_account__client__desk=desk)
    listed = rows.values_list("sub_account__code", "ref", "venue__code", "strategy")
    return {(account, ref): (venue or "", strategy) for account, ref, venue, strategy in listed}
