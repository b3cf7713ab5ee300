"""What the desk knows of instruments and assets now: schedules, marks, haircuts, rates between assets.

Takes the caller and an instant; gives what is in force, or nothing to somebody who may see no desk. Rules are
kept until the house's revision moves; prices are read anew. Writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accounts.access import Action, Principal, desks_where
from accounts.models import HOUSE, Asset, Shard
from margin.book.facts import Edge, Guarded
from margin.book.load_market import load_edges, load_instruments, load_terms
from margin.book.marks import pin_all
from margin.book.quotes import load_quotes
from margin.book.rates import RateGraph
from margin.engine.rational import Fraction
from margin.engine.types import AssetTerms, Instrument, Mark, Rate
from margin.flow.kept import forgets


@dataclass(frozen=True, slots=True)
class Loaded:
    """The house's rules at one revision."""

    revision: int
    instruments: Mapping[str, Instrument]
    guarded: Mapping[str, Guarded]
    terms: Mapping[str, AssetTerms]
    edges: Sequence[Edge]


_loaded: list[Loaded] = []


@dataclass(frozen=True, slots=True)
class Known:
    """What this caller may use of it. `steps` and `loadings` are of every asset, with or without terms."""

    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    terms: Mapping[str, AssetTerms] = field(default_factory=dict)
    steps: Mapping[str, Fraction] = field(default_factory=dict)
    loadings: Mapping[str, Fraction] = field(default_factory=dict)
    graph: RateGraph | None = None

    def rate(self, asset: str, base: str) -> Rate | None:
        """None where no path of prices leads there."""
        found = self.graph.rate(asset, base) if self.graph else None
        return found if found is not None and found.value is not None else None


def known_to(caller: Principal, now: datetime) -> Known:
    """Instruments, assets and prices are house-wide: whoever sees any desk sees them."""
    if not desks_where(caller, Action.SEE_DESK).exists():
        return Known()
    loaded = _current()
    pinned = pin_all(loaded.guarded.values(), load_quotes(), now)
    assets = list(Asset.objects.values_list("code", "step", "shock_loading"))
    return Known(
        instruments=loaded.instruments,
        marks={code: one.as_mark() for code, one in pinned.items()},
        terms=loaded.terms,
        steps={code: Fraction(step) for code, step, _ in assets},
        loadings={code: Fraction(loading) for code, _, loading in assets},
        graph=RateGraph(loaded.edges, pinned),
    )


def _current() -> Loaded:
    revision = Shard.objects.filter(number=HOUSE).values_list("revision", flat=True).first() or 0
    if not _loaded or _loaded[0].revision != revision:
        _loaded[:] = [_load(revision)]
    return _loaded[0]


def _load(revision: int) -> Loaded:
    faults: dict[str, str] = {}
    instruments, guarded = load_instruments(revision, faults)
    by_code = {instrument.code: instrument for instrument in instruments.values()}
    return Loaded(revision, by_code, guarded, load_terms(revision, faults), load_edges())


@forgets
def forget() -> None:
    _loaded.clear()
