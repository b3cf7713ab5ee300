"""The demo's price feed: one step of the walk each second, sent through the same door as any other feed.

Feed A knows every instrument that is in session; feed B the larger coins, and now and then it errs.
"""

import math
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from margin.demo.market import BY_CODE, LISTINGS
from margin.demo.script import (
    DOUBTFUL_PRINT_AT,
    SILENT,
    SILENT_FROM,
    SILENT_TO,
    ZERO_PRINT_AT,
    seconds_into_round,
)
from margin.demo.walk import Walk, on_tick
from margin.engine.calendar import TradingCalendar, is_open, read_calendar
from margin.flow.feed import PriceReport, accept_prices
from margin.models import Calendar, Quote
from riskdesk import clock

JOIN_SECONDS = 10.0
"""A feed that starts again walks from the last price it sent back to its script over about this long."""


def run(*, seed: int, quiet_seconds: int, keep_going: Callable[[], bool]) -> None:
    """Send prices once a second until told to stop."""
    walk = Walk(seed, quiet_seconds=quiet_seconds)
    behind, calendars = distances(walk), read_calendars()
    while keep_going():
        started = time.monotonic()
        send(walk, behind, calendars)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - started)))


def send(walk: Walk, behind: dict[str, float], calendars: dict[str, TradingCalendar]) -> None:
    """One second of prices from both feeds."""
    prices = walk.step()
    fade = math.exp(-walk.seconds / JOIN_SECONDS)
    if fade > 1e-4:
        prices = {code: joined(code, price, behind.get(code, 0.0) * fade) for code, price in prices.items()}
    now = clock.now()
    trading = [code for code in prices if is_open(calendars[BY_CODE[code].calendar], now)]
    if SILENT in trading and SILENT_FROM <= (seconds_into_round(walk.bad_day_seconds) or 0) < SILENT_TO:
        trading.remove(SILENT)
    feed_a = [PriceReport(code, prices[code], None, None, now) for code in trading]
    accept_prices(source="demo-a", reports=feed_a, now=now)
    accept_prices(source="demo-b", reports=second_opinion(walk.bad_day_seconds, prices, now), now=now)


def second_opinion(bad_day_seconds: int, prices: dict[str, Decimal], now: datetime) -> list[PriceReport]:
    """Feed B: the same prices of the larger coins, but for two bad prints in each bad day."""
    into = seconds_into_round(bad_day_seconds)
    sent = {listing.code: prices[listing.code] for listing in LISTINGS if "demo-b" in listing.sources}
    if into is not None and int(into) == DOUBTFUL_PRINT_AT:
        sent["XRP-PERP"] = on_tick(BY_CODE["XRP-PERP"], -0.35)
    if into is not None and int(into) == ZERO_PRINT_AT:
        sent["BTC-PERP"] = Decimal(0)
    return [PriceReport(code, price, None, None, now) for code, price in sent.items()]


def read_calendars() -> dict[str, TradingCalendar]:
    return {
        row.code: read_calendar(zone=row.zone, sessions=row.sessions, holidays=row.holidays)
        for row in Calendar.objects.all()
    }


def distances(walk: Walk) -> dict[str, float]:
    """How far the last prices sent lie from where the walk begins, as log moves."""
    first = walk.prices()
    last = Quote.objects.filter(source__code="demo-a", price__gt=0).values_list("instrument__code", "price")
    return {code: math.log(price / first[code]) for code, price in last if code in first}


def joined(code: str, price: Decimal, offset: float) -> Decimal:
    """The walk's price moved towards the last one sent."""
    return on_tick(BY_CODE[code], math.log(price / Decimal(BY_CODE[code].price)) + offset)
