"""What a page gets to see: pure arithmetic on views, and the only maker of figure frames.

Takes the figures of a desk and what a view last had; gives snapshot, changed and chart frames.
Never reads a file, a row or a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from margin.book.frame import places_where
from margin.book.history import speaks_for_all
from margin.notify.events import (
    MOST_COLUMNS,
    MOST_FILTER_VALUES,
    MOST_ROWS,
    AlertView,
    ChartChanged,
    Error,
    Head,
    Kpi,
    Prices,
    Resync,
    RowsChanged,
    Snapshot,
    Value,
    View,
)

KEY = "account"
FARTHEST_ROW = 10_000_000
FILTERS = frozenset({"account", "client", "desk", "mode", "currency", "level", "control", "cap_state"})
CHART_FIGURES = ("equity", "house_maintenance", "utilisation", "gross", "net")


@dataclass(frozen=True, slots=True)
class Figures:
    """One desk as its shards' newest frames say.

    `order` names each account in trouble order: which part, which place in the part's columns. Nothing is
    copied until a view asks for it.
    """

    desk: str
    heads: Mapping[int, Head]
    parts: Sequence[Mapping[str, Sequence[Value]]]
    order: Sequence[tuple[int, int]]
    kpi: Kpi
    prices: Prices

    @property
    def oldest(self) -> Head:
        """The head that everything rests on: the shard whose figures are oldest."""
        return min(self.heads.values(), key=lambda head: head.at, default=Head(0, "", ""))


@dataclass(frozen=True, slots=True)
class Spec:
    """A view in its one canonical form, so that equal views are computed and encoded once."""

    columns: tuple[str, ...]
    filters: tuple[tuple[str, frozenset[str]], ...]
    first: int
    count: int
    prices: bool
    charts: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view shows: rows by account, in trouble order."""

    heads: Mapping[int, Head] = field(default_factory=dict)
    rows: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    total: int = 0
    prices: Prices = field(default_factory=dict)


def spec_of(view: View, known: Sequence[str]) -> Spec | Error:
    """The canonical form of what the page asked for, or the error frame that refuses it."""
    first, count = view.window
    asked = view.columns if view.columns is not None else list(known)
    if doubt := _doubt(view, asked, known):
        field, says = doubt
        return Error(status=400, rule="view", message=says, field=field, about="view", ref=view.ref)
    return Spec(
        columns=tuple(dict.fromkeys((KEY, *asked))),
        filters=tuple(sorted((name, frozenset(accepted)) for name, accepted in view.filters.items())),
        first=first,
        count=count,
        prices=view.prices,
        charts=view.charts,
    )


def _doubt(view: View, asked: Sequence[str], known: Sequence[str]) -> tuple[str, str] | None:
    """The field that cannot be meant, and why."""
    first, count = view.window
    unknown = [name for name in asked if name not in known]
    no_filters = sorted(view.filters.keys() - FILTERS)
    values = sum(len(accepted) for accepted in view.filters.values())
    if len(asked) > MOST_COLUMNS:
        return "columns", f"at most {MOST_COLUMNS} columns, not {len(asked)}"
    if unknown:
        return "columns", f"there is no column {unknown[0][:40]!r}"
    if no_filters:
        return (
            "filters",
            f"there is no filter {no_filters[0][:40]!r}: filters are {', '.join(sorted(FILTERS))}",
        )
    if values > MOST_FILTER_VALUES:
        return "filters", f"at most {MOST_FILTER_VALUES} accepted texts, not {values}"
    if not 0 <= first <= FARTHEST_ROW or not 1 <= count <= MOST_ROWS:
        bounds = f"0 <= first <= {FARTHEST_ROW} and 1 <= count <= {MOST_ROWS}"
        return "window", f"window is [first, count] with {bounds}, not [{first}, {count}]"
    return None


def select(figures: Figures, spec: Spec) -> Shown:
    """The rows of the window, cut to the view's columns."""
    matching = _matching(figures, spec)
    rows: dict[str, tuple[Value, ...]] = {}
    for part, place in matching[spec.first : spec.first + spec.count]:
        columns = figures.parts[part]
        rows[str(columns[KEY][place])] = tuple(
            columns[name][place] if name in columns else None for name in spec.columns
        )
    return Shown(
        heads=figures.heads, rows=rows, total=len(matching), prices=figures.prices if spec.prices else {}
    )


def _matching(figures: Figures, spec: Spec) -> Sequence[tuple[int, int]]:
    if not spec.filters:
        return figures.order
    accepted = [set(places_where(part, dict(spec.filters))) for part in figures.parts]
    return [(part, place) for part, place in figures.order if place in accepted[part]]


def snapshot(figures: Figures, spec: Spec, shown: Shown, alerts: Sequence[AlertView]) -> Snapshot:
    """All that the view shows."""
    oldest = figures.oldest
    return Snapshot(
        desk=figures.desk,
        seq=oldest.seq,
        run=oldest.run,
        at=oldest.at,
        shards={str(shard): head for shard, head in figures.heads.items()},
        columns=list(spec.columns),
        rows=[list(row) for row in shown.rows.values()],
        total=shown.total,
        kpi=figures.kpi,
        alerts=list(alerts),
        prices=figures.prices if spec.prices else UNSET,
    )


def changes(figures: Figures, spec: Spec, before: Shown, after: Shown) -> list[RowsChanged]:
    """The frames that lead from what a view had to what it shows now: one for each shard that moved.

    All rows travel with the first; the others only move their shard's sequence on.
    """
    moved = [shard for shard, head in after.heads.items() if before.heads.get(shard) != head]
    frames: list[RowsChanged] = []
    for shard in moved:
        head, had = after.heads[shard], before.heads.get(shard)
        leads = not frames
        frames.append(
            RowsChanged(
                desk=figures.desk,
                shard=shard,
                since=had.seq if had else 0,
                seq=head.seq,
                run=head.run,
                at=head.at,
                rows=_changed_rows(spec, before, after) if leads else {},
                removed=[account for account in before.rows if account not in after.rows] if leads else [],
                total=after.total,
                kpi=figures.kpi,
                prices=_changed_prices(before, after) if spec.prices and leads else UNSET,
            )
        )
    return frames


def _changed_rows(spec: Spec, before: Shown, after: Shown) -> dict[str, dict[str, Value]]:
    changed: dict[str, dict[str, Value]] = {}
    for account, row in after.rows.items():
        had = before.rows.get(account)
        if had is None:
            changed[account] = dict(zip(spec.columns, row, strict=True))
        elif had != row:
            pairs = zip(spec.columns, had, row, strict=True)
            changed[account] = {name: new for name, old, new in pairs if old != new}
    return changed


def _changed_prices(before: Shown, after: Shown) -> Prices | UnsetType:
    return {name: price for name, price in after.prices.items() if before.prices.get(name) != price}


def went_back(before: Mapping[int, Head], after: Mapping[int, Head]) -> bool:
    """Whether a shard's count fell: differences would lie."""
    return any(shard in after and after[shard].seq < head.seq for shard, head in before.items())


def lost_a_shard(before: Mapping[int, Head], after: Mapping[int, Head]) -> bool:
    """Whether a shard that was there cannot be read now: better old figures with their age than none."""
    return not before.keys() <= after.keys()


def resync(desk: str, reason: str) -> Resync:
    return Resync(desk=desk, seq=0, run="", reason=reason)


def chart_point(figures: Figures, shard: int) -> ChartChanged:
    """The newest point of the desk's live chart: a gap where the sums leave too many accounts out."""
    head, kpi = figures.heads[shard], figures.kpi
    told = speaks_for_all(kpi.get("accounts", 0), kpi.get("unknown", 0))
    point: dict[str, Value] = {"at": head.at}
    point |= {name: kpi.get(name) if told else None for name in CHART_FIGURES}
    return ChartChanged(desk=figures.desk, chart="desk", shard=shard, seq=head.seq, run=head.run, point=point)
