"""Step 1, feed: prices come in, are validated, and what is doubtful is marked.

Takes reports of one source; gives an answer for each. Writes ticks and quotes, counts refusals, and asks for
a cycle, in one transaction. Never corrects a price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from django.db import transaction

from margin.flow.screen import Guards, Judgement, LastQuote, PriceReport, Refused, judge, refuse
from margin.flow.store_prices import Accepted, count_refusals, write_prices
from margin.flow.wanted import want_cycle
from margin.models import Instrument, Quote, Source
from riskdesk.clock import monotonic_seconds

log = structlog.get_logger(__name__)

__all__ = ["FeedAnswer", "PriceReport", "RefusedPrice", "UnconfirmedPrice", "accept_prices"]


@dataclass(frozen=True, slots=True)
class RefusedPrice:
    report: PriceReport
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class UnconfirmedPrice:
    report: PriceReport
    doubt: str


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """Every report lies in exactly one of the three."""

    accepted: tuple[PriceReport, ...] = ()
    unconfirmed: tuple[UnconfirmedPrice, ...] = ()
    refused: tuple[RefusedPrice, ...] = ()


@dataclass(slots=True)
class _Sorted:
    """The answer while it is made."""

    stored: list[Accepted] = field(default_factory=list)
    refused: list[RefusedPrice] = field(default_factory=list)

    def answer(self) -> FeedAnswer:
        return FeedAnswer(
            tuple(one.report for one in self.stored if one.judgement.confirmed),
            tuple(UnconfirmedPrice(o.report, o.judgement.doubt) for o in self.stored if o.judgement.doubt),
            tuple(self.refused),
        )


def accept_prices(*, source: str, reports: Sequence[PriceReport], now: datetime) -> FeedAnswer:
    """Store what can be believed, mark what is in doubt, refuse the rest with a reason."""
    began = monotonic_seconds()
    with transaction.atomic():
        found = _sort(source, reports, now)
        if found.stored:
            write_prices(found.stored, now)
        count_refusals(source, [(r.report, r.reason) for r in found.refused], now)
        if found.stored:
            want_cycle(None, "prices")
    answer = found.answer()
    log.info(
        "step.feed",
        source=source,
        accepted=len(answer.accepted),
        unconfirmed=len(answer.unconfirmed),
        refused=len(answer.refused),
        milliseconds=round((monotonic_seconds() - began) * 1000, 1),
    )
    return answer


def _sort(source: str, reports: Sequence[PriceReport], now: datetime) -> _Sorted:
    # The source's row is held so that two of its batches are judged one after the other.
    row = Source.objects.select_for_update(no_key=True).filter(code=source).first()
    found = _Sorted()
    if row is None:
        unknown = Refused("unknown_source", f"No source is called {source}.")
        found.refused = [RefusedPrice(report, unknown.reason, unknown.message) for report in reports]
        return found
    instruments = _instruments({report.instrument for report in reports})
    quotes = _quotes([instrument.pk for instrument in instruments.values()])
    guards = {code: _guards(instrument) for code, instrument in instruments.items()}
    for report in sorted(reports, key=_by_time):
        known = quotes.setdefault(report.instrument, {})
        own = known.get(source)
        refused = refuse(report, guards.get(report.instrument), source, own, now)
        if refused is not None:
            found.refused.append(RefusedPrice(report, refused.reason, refused.message))
            continue
        others = [seen for code, seen in known.items() if code != source]
        judgement = judge(report, guards[report.instrument], own, others, now)
        known[source] = _seen(source, own, report, judgement, now)
        instrument = instruments[report.instrument]
        found.stored.append(Accepted(instrument.pk, row.pk, report, judgement, known[source]))
    return found


def _by_time(report: PriceReport) -> tuple[bool, float]:
    """Times without a zone last: they are refused, and cannot be compared."""
    naive = report.time.tzinfo is None
    return naive, 0.0 if naive else report.time.timestamp()


def _instruments(codes: set[str]) -> dict[str, Instrument]:
    clean = {code for code in codes if "\0" not in code}
    rows = Instrument.objects.filter(code__in=clean).prefetch_related("sources__source")
    return {row.code: row for row in rows}


def _guards(instrument: Instrument) -> Guards:
    return Guards(
        sources=frozenset(listed.source.code for listed in instrument.sources.all()),
        active=instrument.active,
        allow_negative=instrument.allow_negative,
        reference_price=instrument.reference_price,
        jump_band=instrument.jump_band,
        oldest_seconds=instrument.stale_hard_seconds,
    )


def _quotes(instruments: Sequence[int]) -> dict[str, dict[str, LastQuote]]:
    found: dict[str, dict[str, LastQuote]] = {}
    rows = Quote.objects.filter(instrument_id__in=instruments).select_related("instrument", "source")
    for row in rows:
        found.setdefault(row.instrument.code, {})[row.source.code] = LastQuote(
            source=row.source.code,
            price=row.price,
            time=row.time,
            received_at=row.received_at,
            confirmed=row.confirmed_price == row.price,
            confirmed_price=row.confirmed_price,
            confirmed_time=row.confirmed_time,
            doubt_since=row.doubt_since,
        )
    return found


def _seen(
    source: str, own: LastQuote | None, report: PriceReport, judgement: Judgement, now: datetime
) -> LastQuote:
    """The source's newest quote once this report is in."""
    seen = LastQuote(
        source=source,
        price=report.price,
        time=report.time,
        received_at=now,
        confirmed=judgement.confirmed,
        confirmed_price=own.confirmed_price if own else None,
        confirmed_time=own.confirmed_time if own else None,
        doubt_since=judgement.since,
    )
    if judgement.confirmed:
        return replace(seen, confirmed_price=report.price, confirmed_time=report.time, doubt_since=None)
    return seen
