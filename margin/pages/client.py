"""`/clients/<CODE>/`: a client at a glance: sub-accounts, sums, caps with the binding one, what is open.

Takes a request; gives HTML. Computes no figure: sums and caps are those of the newest run.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import Client
from margin import formats
from margin.book.controls import load_controls
from margin.book.read import client_rows, trouble
from margin.charts.bars import Bar, bars
from margin.engine.figures import Severity
from margin.engine.measures import UNITS, LimitKind, Unit
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.models import Breach, Limit
from margin.pages.live import NO_RUN, live_page
from margin.pages.owed import owed_by
from margin.pages.rails import broken, rail
from margin.pages.rows import FULL_SCALE, bar_share, shown
from margin.whatif.client import AskedCap, ClientSeen, client_now
from margin.whatif.exposures import exposed_book, sums
from riskdesk import clock

MOST_CURED = 5
WORDS = {
    Severity.BREACH: ("liquidation", "Broken"),
    Severity.BLOCKED: ("unknown", "No cap"),
    Severity.UNKNOWN: ("unknown", "Unknown"),
    Severity.WARN: ("danger", "Near"),
    Severity.OK: ("normal", "Kept"),
}


@require_GET
@never_cache
@login_required
@gzip_page
def client_page(request: HttpRequest, client: str) -> HttpResponse:
    found = client_or_404(request, client)
    context = live_page(found.desk, alerts_of={"client": found.code}) | now(found)
    return render(
        request, "clients/page.html", context | {"rail": rail(request.user, found.desk, client=found.code)}
    )


@require_GET
@never_cache
@login_required
def client_renewed(request: HttpRequest, client: str) -> HttpResponse:
    """The parts of the page that move."""
    return render(request, "clients/renewed.html", now(client_or_404(request, client)))


def client_or_404(request: HttpRequest, code: str) -> Client:
    rows = access.for_user(Client, request.user).select_related("desk__reporting_currency", "shard")
    return get_object_or_404(rows, code=code)


def now(client: Client) -> dict[str, Any]:
    seen = client_now(client)
    breaches = Breach.objects.filter(client=client).select_related("sub_account")
    context: dict[str, Any] = {
        "client": client,
        "owed": owed_by(client.calls.all()),
        "broken": broken(breaches.exclude(state=Breach.State.CURED)),
        "cured": breaches.filter(state=Breach.State.CURED).order_by("-cured_at")[:MOST_CURED],
    }
    rows = _rows(client)
    if seen is None or not rows:
        return context | {"gone": NO_RUN if seen is None else "This client has no sub-account yet."}
    return context | {
        "run": seen.run,
        "worst": shown(min(rows, key=lambda row: trouble({**row, "cap_state": None}))),
        "rows": [shown(row) for row in rows],
        "tiles": _tiles(client, seen),
        "caps": [_cap(asked, place == 0) for place, asked in enumerate(seen.caps)],
        "buffers": [
            (code, formats.percent(_text(own.buffer), 2), own.source)
            for code, own in sorted(seen.buffers.items())
        ],
        "figures": {"holds": _holds(client)},
    }


def _rows(client: Client) -> list[dict[str, Any]]:
    """In trouble order, as the frame has them, under what is imposed now."""
    controls, now = load_controls(), clock.now()
    rows = client_rows(client.shard_id, client.code)
    return [row | {"control": controls.of_row(row, now).value} for row in rows]


def _tiles(client: Client, seen: ClientSeen) -> dict[str, str]:
    places, found = client.desk.reporting_currency.scale, seen.sums
    use = None if not found.equity or found.house is None else found.house / found.equity
    text = None if use is None or use < 0 else f"{up(use, 6):f}"
    return {
        "currency": found.currency,
        "equity": _money(found.equity, places, upwards=False),
        "house": _money(found.house, places, upwards=True),
        "maintenance": _money(found.maintenance, places, upwards=True),
        "gross": _money(found.gross, places, upwards=True),
        "net": _money(found.net, places, upwards=False),
        "utilisation": formats.percent(text),
        "use": bar_share(text, scale=FULL_SCALE, absent="0"),
        "leverage": formats.leverage(_text(found.leverage)),
        "cap": formats.times(_text(_own_cap(seen))) if _own_cap(seen) is not None else "",
    }


def _own_cap(seen: ClientSeen) -> Fraction | None:
    """The tightest that is asked of the client's whole leverage."""
    own = [one.finding.limit for one in seen.caps if one.whole and one.kind is LimitKind.LEVERAGE]
    return min((limit for limit in own if limit is not None), default=None)


def _money(amount: Fraction | None, places: int, *, upwards: bool) -> str:
    return formats.money(None if amount is None else f"{(up if upwards else down)(amount, places):f}")


def _text(number: Fraction | None) -> str | None:
    return None if number is None else f"{up(number, 6):f}"


def _cap(asked: AskedCap, is_first: bool) -> dict[str, Any]:
    finding = asked.finding
    level, word = WORDS[finding.severity]
    use = _text(asked.use)
    return {
        "name": finding.binding,
        "kind": Limit.Kind(asked.kind).label if asked.kind else "Largest leg",
        "of": asked.of,
        "limit": _measure(finding.limit, asked, formats.times),
        "measured": _measure(finding.measured, asked, formats.leverage),
        "currency": asked.currency,
        "use": bar_share(use, absent="1" if finding.severity is Severity.BREACH else "0"),
        "share": formats.percent(use),
        "level": level,
        "word": word,
        "binds": is_first,
    }


def _measure(number: Fraction | None, asked: AskedCap, multiple: Callable[[str | None], str]) -> str:
    """A multiple of equity, a share, or an amount in whole units."""
    if asked.kind is not None and UNITS[asked.kind] is Unit.SHARE:
        return formats.percent(_text(number))
    if not asked.currency:
        return multiple(_text(number))
    return formats.whole_up(None if number is None else f"{up(number, 2):f}")


def _holds(client: Client) -> dict[str, Any]:
    book = exposed_book(client.desk)
    held, _ = sums([row for row in book.rows if row.client == client.code], "asset")
    rows = [Bar(one.key, float(one.exposure.gross), float(one.exposure.net)) for one in held]
    return bars(rows, currency=book.currency)
