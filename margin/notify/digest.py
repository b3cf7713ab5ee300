"""The daily digest as a mail: what the desk must know when the day turns.

Takes a desk and the time; gives the letter. Reads the newest frames and the breach and alert rows; who gets
it is said in `letters.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Desk
from margin import formats
from margin.book.load_market import load_edges
from margin.book.marks import from_shown
from margin.book.rates import RateGraph
from margin.book.read import account_rows, desk_summary, frames
from margin.engine.figures import WORST_FIRST, Level
from margin.engine.rational import Fraction
from margin.models import Alert, Breach
from margin.notify.email import Letter, local_time, site_link, wall_clock, write
from margin.notify.figures import SEVERITIES

MOST_LINES = 8
Line = dict[str, str]


def compose_digest(desk: Desk, now: datetime) -> Letter:
    """The digest as it will look."""
    live = Breach.objects.filter(desk=desk)
    open_ones = live.filter(state__in=Breach.BROKEN).order_by("opened_at")
    breaches = list(open_ones.select_related("client", "sub_account"))
    near = live.filter(state=Breach.State.WARNING).count()
    summary = desk_summary(desk.code)
    rows = account_rows([desk.code])
    levels = summary["levels"] if summary else {}
    trouble = sum(levels.get(level.word, 0) for level in Level if Level.DANGER <= level < Level.UNKNOWN)
    unsure = summary is None or bool(summary["unknown"])
    state = f"{formats.counted(len(breaches), 'open breach', 'es')}, {_standing(summary, trouble)}"
    return write(
        "digest",
        f"{desk.name}, {wall_clock(now, desk.zone):%a %-d %b}: {state}",
        severity="critical" if trouble else "warning" if breaches or unsure else "info",
        desk=desk,
        state=state,
        at=local_time(now, desk.zone),
        figures_at=local_time(datetime.fromisoformat(summary["at"]), desk.zone) if summary else "",
        levels=[(level.label, levels.get(level.word, 0)) for level in WORST_FIRST],
        totals=_totals(summary),
        breaches=[_breach_line(breach, now) for breach in breaches[:MOST_LINES]],
        more_breaches=max(0, len(breaches) - MOST_LINES),
        near=formats.counted(near, "limit") if near else "",
        nearest=[_nearest_line(row) for row in _nearest_first(rows)[:MOST_LINES]],
        largest=_largest(desk, rows),
        alerts=_alerts_of_the_day(desk, now),
        link=site_link("/"),
        run=summary["run"] if summary else None,
    )


def _standing(summary: dict[str, Any] | None, trouble: int) -> str:
    """Of accounts without figures nobody can say that they are in no danger."""
    if summary is None:
        return "no figures yet"
    unknown = f", {summary['unknown']} unknown" if summary["unknown"] else ""
    return f"{formats.counted(trouble, 'account')} in danger or worse{unknown}"


def _nearest_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    reached = [row for row in rows if row["distance"] is not None]
    return sorted(reached, key=lambda row: Decimal(row["distance"]))


def _totals(summary: dict[str, Any] | None) -> list[tuple[str, str]]:
    if summary is None:
        return []
    currency = summary["currency"]
    needed = {
        "house_maintenance": "House requirement",
        "gross": "Gross exposure",
        "net": "Net exposure",
    }
    return [
        ("Equity", f"{formats.whole_down(summary['equity'])} {currency}"),
        *((name, f"{formats.whole_up(summary[key])} {currency}") for key, name in needed.items()),
    ]


def _breach_line(breach: Breach, now: datetime) -> Line:
    return {
        "what": breach.get_rule_display(),
        "whom": breach.sub_account.code if breach.sub_account else breach.client.code,
        "reason": breach.reason,
        "state": breach.get_state_display(),
        "age": age(now - breach.opened_at),
    }


def _nearest_line(row: dict[str, Any]) -> Line:
    return {
        "account": row["account"],
        "client": row["client_name"] or row["client"],
        "level": formats.level(row["level"]),
        "distance": formats.to_liquidation(row),
    }


def _largest(desk: Desk, rows: Sequence[dict[str, Any]]) -> Line | None:
    """The sub-account that binds most margin, in the desk's own currency at the prices of the figures."""
    rates = _rates_to(desk.reporting_currency.code, {row["currency"] for row in rows})
    known = [row for row in rows if row["house_maintenance"] is not None and row["currency"] in rates]
    if not known:
        return None
    row = max(known, key=lambda row: Fraction(row["house_maintenance"]) * rates[row["currency"]])
    return {
        "account": row["account"],
        "requirement": f"{formats.whole_up(row['house_maintenance'])} {row['currency']}",
        "use": formats.percent(row["utilisation"]) if row["utilisation"] is not None else "unknown",
    }


def _rates_to(currency: str, bases: Iterable[str]) -> dict[str, Fraction]:
    """Those that there is a price for."""
    pinned = {code: from_shown(shown) for frame in frames() for code, shown in frame.prices.items()}
    graph = RateGraph(load_edges(), pinned)
    return {base: rate for base in bases if (rate := graph.rate(base, currency).value) is not None}


def _alerts_of_the_day(desk: Desk, now: datetime) -> list[tuple[str, int]]:
    raised = Alert.objects.filter(desk=desk, raised_at__gt=now - timedelta(days=1), raised_at__lte=now)
    counts = Counter(raised.order_by().values_list("severity", flat=True))
    told = [(Alert.Severity(severity).label, counts[severity]) for severity in SEVERITIES]
    waiting = Alert.objects.filter(desk=desk, state=Alert.State.OPEN, escalations__gt=0).count()
    return [*told, ("Unanswered now", waiting)]


def age(duration: timedelta) -> str:
    """How long, in the two largest units."""
    minutes = int(duration.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
