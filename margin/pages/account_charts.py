"""The charts of one account. Takes a revisited account, or a span; gives figures made of plain data."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from accounts.models import SubAccount
from margin.book.load_rules import policy_of
from margin.charts.ladder import Rung, ladder
from margin.charts.through_time import Event, Moment, through_time
from margin.charts.waterfall import Kind, Step, waterfall
from margin.engine.types import total_of
from margin.flow.series import account_history, account_steps
from margin.models import Alert
from margin.pages.drawer import cures, liquidation_at, to_liquidation
from margin.whatif.requirement import requirement_of
from margin.whatif.revisit import Revisited
from riskdesk import clock

SPANS = {"15m": (900, 5), "1h": (3600, 15), "6h": (21_600, 90), "24h": (86_400, 300)}
"""How far back, and one point in so many seconds."""
USUAL = "1h"
MOST_EVENTS = 60
MOST_PARTS = 8


def span_of(request: HttpRequest) -> str:
    asked = request.GET.get("span", "")
    return asked if asked in SPANS else USUAL


def history_figure(account: SubAccount, span: str) -> dict[str, Any]:
    seconds, every = SPANS[span]
    until = clock.now()
    since = until - timedelta(seconds=seconds)
    steps = account_steps(account, since=since, until=until, every_seconds=every)
    points = account_history(account, steps)
    raised = Alert.objects.filter(sub_account=account, raised_at__gte=since).order_by("-id")[:MOST_EVENTS]
    return through_time(
        [moment(point) for point in points],
        [Event(alert.raised_at, alert.title, alert.severity) for alert in raised],
        bands=policy_of(account.client.desk),
        currency=account.base_currency.code,
        since=since,
        until=until,
    )


def moment(point: dict[str, Any]) -> Moment:
    names = ("equity", "maintenance", "house_maintenance", "utilisation")
    equity, maintenance, house, use = (None if point[n] is None else float(point[n]) for n in names)
    return Moment(datetime.fromisoformat(point["at"]), equity, maintenance, house, use)


def ladder_figure(seen: Revisited) -> dict[str, Any]:
    return ladder([_rung(row) for row in seen.positions])


def _rung(row: dict[str, Any]) -> Rung:
    side = "short" if Decimal(row["quantity"]) < 0 else "long"
    wall = " (own)" if row["mode"] == "isolated" else ""
    price = row["liquidation_price"]
    return Rung(
        name=f"{row['instrument']} {side}{wall}",
        mark=_float(row["mark"]),
        entry=_float(row["entry_price"]),
        liquidation=_float(price),
        shown="" if price is None else liquidation_at(row),
        far="" if cures(row) else to_liquidation(row["mark"], price),
        cures=cures(row),
        unknown=price is None and (row["pool_level"] or "unknown") == "unknown",
    )


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


def waterfall_figure(seen: Revisited) -> dict[str, Any]:
    """Small parts together, so that the large ones can be read."""
    found = requirement_of(seen)
    if found is None:
        return waterfall([], currency=seen.account.base, empty="What is required is unknown.")
    parts = found.by_instrument
    alone = len(parts) if len(parts) <= MOST_PARTS else MOST_PARTS - 1
    steps = [Step(name, float(amount)) for name, amount in parts[:alone]]
    if others := parts[alone:]:
        steps.append(Step(f"{len(others)} others", float(total_of(amount for _, amount in others))))
    steps += [Step("Debts and other", float(found.rest))] if found.rest else []
    steps += [Step("Maintenance", float(found.maintenance), Kind.SUM)]
    steps += [Step(f"House buffer {_share(seen)}", float(found.house_buffer), Kind.BUFFER)]
    if found.instrument_buffers:
        steps += [Step("Instrument buffers", float(found.instrument_buffers), Kind.BUFFER)]
    steps += [Step("House requirement", float(found.house), Kind.SUM)]
    steps += [Step("Equity", max(0.0, float(found.equity)), Kind.EQUITY)]
    return waterfall(steps, currency=seen.account.base)


def _share(seen: Revisited) -> str:
    return f"{float(seen.account.buffer):.0%}".replace("%", " %")
