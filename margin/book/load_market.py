"""What is traded and what counts as collateral, out of PostgreSQL in the engine's nouns.

Takes a house revision, inside a snapshot; gives instruments with their schedules and buffers, how their
prices are guarded, the terms of assets and the asset-price graph. What cannot be used is named in `faults`
and left out; it never stops the others.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from margin.book.facts import Edge, Guarded
from margin.engine.calendar import TradingCalendar, read_calendar
from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts, HaircutTier, Schedule, Tier
from margin.engine.types import AssetTerms, Instrument, Kind
from margin.models import HaircutVersion, InstrumentBuffer, RatePath, ScheduleVersion
from margin.models import Instrument as InstrumentRow

Built = TypeVar("Built")
ALWAYS_OPEN = TradingCalendar("UTC")


def in_force(revision: int) -> Q:
    """Versions in force at a revision."""
    return Q(revision_from__lte=revision) & (Q(revision_to__isnull=True) | Q(revision_to__gt=revision))


def optional(number: Any) -> Fraction | None:
    return None if number is None else Fraction(number)


def load_instruments(
    revision: int, faults: dict[str, str]
) -> tuple[dict[int, Instrument], dict[str, Guarded]]:
    schedules = {
        row.schedule_id: row
        for row in ScheduleVersion.objects.filter(in_force(revision)).prefetch_related("tiers")
    }
    buffers = dict(InstrumentBuffer.objects.filter(in_force(revision)).values_list("instrument", "buffer"))
    rows: QuerySet[InstrumentRow] = (
        InstrumentRow.objects.select_related("settlement", "underlying", "calendar")
        .prefetch_related("sources__source", "loadings__factor")
        .order_by("code")
    )
    instruments, guarded = {}, {}
    for row in rows:
        guarded[row.code] = _guarded(row, faults)
        built = _or_fault(row.code, faults, partial(_instrument, row, schedules, buffers.get(row.pk)))
        if built is not None and row.code not in faults:
            instruments[row.pk] = built
    return instruments, guarded


def _or_fault(name: str, faults: dict[str, str], build: Callable[[], Built]) -> Built | None:
    """Crooked terms stop only what they belong to."""
    try:
        return build()
    except (ValueError, LookupError) as error:
        faults[name] = str(error.args[0] if error.args else error)
        return None


def _instrument(row: InstrumentRow, schedules: Mapping[int, ScheduleVersion], buffer: Any) -> Instrument:
    if row.schedule_id not in schedules:
        raise LookupError("its margin schedule has no version in force")
    loadings = {loading.factor.code: Fraction(loading.loading) for loading in row.loadings.all()}
    return Instrument(
        code=row.code,
        schedule=schedule_of(schedules[row.schedule_id], Fraction(row.fee_rate)),
        settlement=row.settlement.code,
        kind=Kind(row.kind),
        contract_size=Fraction(row.contract_size),
        underlying=row.underlying.code if row.underlying else "",
        allow_negative=row.allow_negative,
        reference_price=Fraction(row.reference_price),
        buffer=Fraction(buffer or 0),
        loading=sum(loadings.values(), Fraction(0)) if loadings else Fraction(1),
        loadings=loadings,
        asset_class=row.asset_class,
        cap_class=row.cap_class,
        lot=Fraction(row.lot),
    )


def schedule_of(version: ScheduleVersion, fee_rate: Fraction) -> Schedule:
    rows = sorted(version.tiers.all(), key=lambda row: row.floor)
    tiers = tuple(
        Tier(
            Fraction(row.floor),
            Fraction(row.initial_rate),
            Fraction(row.maintenance_rate),
            optional(row.maintenance_amount),
        )
        for row in rows
    )
    cap = optional(rows[-1].cap) if rows else None
    return Schedule(tiers, fee_rate=fee_rate, cap=cap, version=str(version.pk))


def _guarded(row: InstrumentRow, faults: dict[str, str]) -> Guarded:
    return Guarded(
        id=row.pk,
        code=row.code,
        sources=tuple(listed.source.code for listed in sorted(row.sources.all(), key=lambda s: s.rank)),
        soft_seconds=row.stale_soft_seconds,
        hard_seconds=row.stale_hard_seconds,
        guard_band=Fraction(row.guard_band),
        calendar=_or_fault(row.code, faults, partial(_calendar, row)) or ALWAYS_OPEN,
        price_places=_places(row.tick),
    )


def _calendar(row: InstrumentRow) -> TradingCalendar:
    own = row.calendar
    return read_calendar(zone=own.zone, sessions=own.sessions, holidays=own.holidays)


def _places(tick: Decimal) -> int:
    """How many decimals a price of this tick has: 0.25 has two."""
    exponent = tick.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def load_terms(revision: int, faults: dict[str, str]) -> dict[str, AssetTerms]:
    rows = HaircutVersion.objects.filter(in_force(revision)).select_related("asset").prefetch_related("tiers")
    found = {}
    for row in rows:
        built = _or_fault(row.asset.code, faults, partial(_asset_terms, row))
        if built is not None:
            found[row.asset.code] = built
    return found


def _asset_terms(row: HaircutVersion) -> AssetTerms:
    tiers = tuple(
        HaircutTier(Fraction(tier.floor), Fraction(tier.haircut))
        for tier in sorted(row.tiers.all(), key=lambda tier: tier.floor)
    )
    return AssetTerms(
        asset=row.asset.code,
        haircuts=Haircuts(tiers, version=str(row.pk)),
        liability_initial=Fraction(row.liability_initial_rate),
        liability_maintenance=Fraction(row.liability_maintenance_rate),
        loading=Fraction(row.asset.shock_loading),
        step=Fraction(row.asset.step),
    )


def load_edges() -> list[Edge]:
    rows = RatePath.objects.select_related("base", "quote", "instrument").order_by("id")
    return [Edge(row.base.code, row.quote.code, row.instrument.code) for row in rows]
