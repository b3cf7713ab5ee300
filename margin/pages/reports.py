"""`/reports/`: what a desk's day came to, by its own calendar: on the screen, on paper, as CSV.

Takes a request; gives HTML or the accounts of the day's last run. A day that has ended does not change; its
accounts are computed again from what its last run pinned. Changes nothing.
"""

from datetime import date, time, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts.models import Desk
from margin import formats
from margin.book.frame import rows_of
from margin.book.happened import Happened, happened
from margin.book.history import DeskPoint, speaks_for_all
from margin.book.read import frames, trouble
from margin.book.sums import Sums
from margin.charts.spark import spark
from margin.engine.local_time import instant_of, local_date
from margin.flow.as_of import frame_of
from margin.models import Run
from margin.pages.desk import choose_desk
from margin.pages.fragments import desk_or_404
from margin.pages.moved import money, moved
from margin.pages.rows import near
from margin.pages.sheet import sheet
from riskdesk import clock

MOST_DAYS = 30
FIRST_DAY = date(2000, 1, 1)
"""No desk is older; near the first day of all there is no day before."""
MOST_NEAR = 20
CELLS = (
    "account", "client", "level", "currency", "equity", "initial", "maintenance", "house_maintenance",
    "utilisation", "gross", "net", "leverage", "distance", "unknown_because",
)  # fmt: skip


@require_GET
@never_cache
@login_required
@gzip_page
def room(request: HttpRequest) -> HttpResponse:
    """The days there are figures of."""
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    today = local_date(clock.now(), desk.zone)
    first = Run.objects.filter(partials__has_key=desk.code, at__isnull=False).order_by("at").first()
    oldest = local_date(first.at, desk.zone) if first and first.at else None
    days = [today - timedelta(days=back) for back in range(MOST_DAYS)]
    shown = [day for day in days if oldest is not None and day >= oldest]
    return render(request, "reports/room.html", {"desk": desk, "days": shown, "today": today})


@require_GET
@never_cache
@login_required
@gzip_page
def daily(request: HttpRequest, code: str, day: str) -> HttpResponse:
    desk, on, told = _day(request, code, day)
    now = clock.now()
    uses = uses_of(told)
    known = [use for use in uses if use is not None]
    context: dict[str, Any] = {
        "desk": desk,
        "day": on,
        "told": told,
        "moved": moved(told.first, told.last),
        "money": money(told.money),
        "lines": spark(uses),
        "low": formats.percent(min(known, default=None)),
        "high": formats.percent(max(known, default=None)),
        "near": [near(row) for row in _rows(desk, told)[:MOST_NEAR]],
        "ended": instant_of(on + timedelta(days=1), time(0), desk.zone) <= now,
        "before": _link(desk, on - timedelta(days=1)),
        "after": _link(desk, on + timedelta(days=1)) if on < local_date(now, desk.zone) else "",
    }
    return render(request, "reports/daily.html", context)


@require_GET
@never_cache
@login_required
def daily_csv(request: HttpRequest, code: str, day: str) -> HttpResponse:
    """Every sub-account at the end of the day; the last columns say as of when and of which run."""
    desk, on, told = _day(request, code, day)
    rows = ([*(row[name] for name in CELLS), row["at"], row["run"]] for row in _rows(desk, told))
    return sheet(f"daily-{desk.code}-{on:%Y-%m-%d}", (*CELLS, "as_of", "run"), rows)


def _link(desk: Desk, day: date) -> str:
    return reverse("daily", args=[desk.code, day.isoformat()])


def _day(request: HttpRequest, code: str, day: str) -> tuple[Desk, date, Happened]:
    """By the clocks of the desk; a day that has not begun does not exist."""
    desk = desk_or_404(request, code)
    try:
        on = parse_date(day)
        began = instant_of(on, time(0), desk.zone) if on else None
        ends = instant_of(on + timedelta(days=1), time(0), desk.zone) if on else None
    except (ValueError, OverflowError):
        raise Http404 from None
    now = clock.now()
    if on is None or began is None or ends is None or began > now or on < FIRST_DAY:
        raise Http404
    return desk, on, happened(desk, since=began, until=min(ends, now))


def uses_of(told: Happened) -> list[float | None]:
    """From the figure at the start to that at the end, as the table beside the line says them."""
    first, last = (
        [end] if end is not None and speaks_for_all(end.accounts, end.unknown) else []
        for end in (told.first, told.last)
    )
    along: list[Sums | DeskPoint] = [*first, *told.points, *last]
    return [None if point.utilisation is None else float(point.utilisation) for point in along]


def _rows(desk: Desk, told: Happened) -> list[dict[str, Any]]:
    """In trouble order, of the last run of each shard that day; none where that day had no run."""
    if told.last is None or told.last.at < told.since:
        return []
    newest = {frame.run: frame for frame in frames()}
    found = []
    for run in told.last.parts:
        frame = newest.get(str(run.pk)) or frame_of(Run.objects.get(pk=run.pk))
        own = {"run": frame.run, "at": frame.at}
        found += [row | own for row in rows_of(frame.accounts) if row["desk"] == desk.code]
    return sorted(found, key=trouble)
