"""Prices into rows: a tick for each, the newest quote per source, and the count of what was refused.

Takes judged reports inside the feed's transaction. Bulk, and always in the order of the key, so that two
writers never wait for each other crosswise.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from margin.flow.screen import Judgement, LastQuote, PriceReport
from margin.models import PriceState, Quote, Tick

COUNT_REFUSAL = """
    INSERT INTO margin_pricerefusal (source, instrument, reason, count, last_value, last_at)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (source, instrument, reason) DO UPDATE SET
        count = margin_pricerefusal.count + EXCLUDED.count,
        last_value = EXCLUDED.last_value, last_at = EXCLUDED.last_at
"""
NAMES_NOBODY_KNOWS = {"unknown_instrument", "unknown_source"}
QUOTE_COLUMNS = [
    *("price", "bid", "ask", "time", "received_at", "state"),
    *("doubt", "doubt_since", "confirmed_price", "confirmed_time"),
]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report to be stored, and its source's newest quote after it."""

    instrument_id: int
    source_id: int
    report: PriceReport
    judgement: Judgement
    seen: LastQuote

    @property
    def state(self) -> str:
        return PriceState.CONFIRMED if self.judgement.confirmed else PriceState.UNCONFIRMED


def write_prices(accepted: Sequence[Accepted], now: datetime) -> None:
    """Every report becomes a tick; the last of each instrument becomes its source's quote."""
    Tick.objects.bulk_create(
        [
            Tick(
                instrument_id=one.instrument_id,
                source_id=one.source_id,
                price=one.report.price,
                time=one.report.time,
                received_at=now,
                state=one.state,
            )
            for one in sorted(accepted, key=lambda one: (one.instrument_id, one.report.time))
        ]
    )
    newest = {one.instrument_id: one for one in accepted}  # reports come in order of time
    Quote.objects.bulk_create(
        [_quote(newest[instrument]) for instrument in sorted(newest)],
        update_conflicts=True,
        unique_fields=["instrument", "source"],
        update_fields=QUOTE_COLUMNS,
    )


def _quote(one: Accepted) -> Quote:
    report, seen = one.report, one.seen
    optional: dict[str, Any] = {
        "bid": report.bid,
        "ask": report.ask,
        "doubt_since": seen.doubt_since,
        "confirmed_price": seen.confirmed_price,
        "confirmed_time": seen.confirmed_time,
    }
    return Quote(
        instrument_id=one.instrument_id,
        source_id=one.source_id,
        price=report.price,
        time=report.time,
        received_at=seen.received_at,
        state=one.state,
        doubt=one.judgement.doubt,
        **optional,
    )


def count_refusals(source: str, refused: Sequence[tuple[PriceReport, str]], now: datetime) -> None:
    """Counted by source, instrument and reason; the last value is kept for people to see."""
    named = [(*_counted_as(report, reason), reason) for report, reason in refused]
    counts = Counter((instrument, reason) for instrument, _, reason in named)
    last = {(instrument, reason): value for instrument, value, reason in named}
    with connection.cursor() as cursor:
        cursor.executemany(
            COUNT_REFUSAL,
            [
                (_shown(source, 32), instrument, reason, count, _shown(last[instrument, reason], 80), now)
                for (instrument, reason), count in sorted(counts.items())
            ],
        )


def _counted_as(report: PriceReport, reason: str) -> tuple[str, str]:
    """The instrument and the value to show. Names nobody knows share a row: a sender may invent many."""
    name = _shown(report.instrument, 64)
    if reason in NAMES_NOBODY_KNOWS:
        return "", f"{name} {report.price}"
    return name, str(report.price)


def _shown(text: str, most: int) -> str:
    """Text from outside, as it can be stored: short and printable."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])
