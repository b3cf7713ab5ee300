"""`/exposures/`: what the desk's clients hold together, net and gross, by any key; who holds it; crowds.

Takes a request; gives HTML. Sums are `margin.whatif.exposures`': the same as the API's.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts.models import Desk
from margin import formats
from margin.charts.bars import Bar, bars
from margin.charts.treemap import treemap
from margin.engine.correlation import Crowd, crowds
from margin.engine.exposure import Exposed
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.pages.desk import choose_desk
from margin.pages.live import NO_RUN, live_page
from margin.whatif.exposures import ExposedBook, Held, exposed_book, holders, sums

BY = {
    "asset": "Asset",
    "factor": "Risk factor",
    "instrument": "Instrument",
    "venue": "Venue",
    "strategy": "Strategy",
    "client": "Client",
}
NOT_TOLD = "not told"
ALONE = "Other, by instrument"
MOST_BOXES = 40
LEAST_BOX = 0.015
"""Of the whole area: less does not bear a name."""
MOST_HOLDERS = 25
MOST_LEFT_OUT = 12
SHAPE = 2.4


@require_GET
@never_cache
@login_required
@gzip_page
def exposures_page(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    return render(request, "exposures/page.html", live_page(desk) | now(request, desk))


@require_GET
@never_cache
@login_required
def exposures_now(request: HttpRequest) -> HttpResponse:
    """The parts of the page that move."""
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    return render(request, "exposures/renewed.html", {"desk": desk} | now(request, desk))


def now(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    by = request.GET.get("by", "")
    by = by if by in BY else "asset"
    key = request.GET.get("key")
    book = exposed_book(desk)
    tabs = [(name, word, _link(desk, name), name == by) for name, word in BY.items()]
    context: dict[str, Any] = {
        "by": by,
        "by_word": BY[by],
        "tabs": tabs,
        "currency": book.currency,
        "figures": {},
    }
    if not book.heads:
        return context | {"gone": NO_RUN}
    found, missing = sums(book.rows, by)
    rows = [_row(desk, book, by, held) for held in found]
    alone = [row for row in rows if row["alone"]]
    context |= {
        "rows": rows,
        "groups": [("Assets", [row for row in rows if not row["alone"]]), (ALONE, alone)]
        if alone
        else [("", rows)],
        "alone": alone,
        "tiles": _tiles(book, found),
        "boxes": boxes(rows, found),
        "figures": {"bars": _bars(book, found)},
        "left_out": [(account, ref, formats.named(ref)) for account, ref in missing[:MOST_LEFT_OUT]],
        "more_left_out": max(0, len(missing) - MOST_LEFT_OUT),
        "crowds": [_crowd(desk, book, crowd) for crowd in crowds(book.rows)],
        "at": min(at for _, _, at in book.heads.values()),
    }
    if key is not None and any(held.key == key for held in found):
        context |= {"key": key, "key_word": key or NOT_TOLD, "holders": _holders(book, by, key)}
    return context


def _link(desk: Desk, by: str, key: str | None = None) -> str:
    asked = {"desk": desk.code, "by": by} | ({} if key is None else {"key": key})
    return f"?{urlencode(asked)}"


def _row(desk: Desk, book: ExposedBook, by: str, held: Held) -> dict[str, Any]:
    net, gross = held.exposure.net, held.exposure.gross
    return {
        "key": held.key,
        "word": held.key or NOT_TOLD,
        "alone": by == "asset" and held.key in book.alone,
        "link": _link(desk, by, held.key),
        "gross": formats.money(f"{up(gross, book.places):f}"),
        "net": formats.money(f"{down(net, book.places):f}"),
        "side": "long" if net > 0 else "short" if net < 0 else "flat",
        "share": formats.percent(None if held.share is None else f"{up(held.share, 6):f}"),
        "of_gross": f"{float(held.share or 0):.4f}",
        "one_way": formats.percent(f"{up(abs(net) / gross, 6):f}" if gross else None, 0),
        "tilt": f"{float(abs(net) / gross):.2f}" if gross else "0",
    }


def _tiles(book: ExposedBook, found: Sequence[Held]) -> dict[str, Any]:
    valued = [row for row in book.rows if row.gross is not None and row.net is not None]
    gross = sum((row.gross or Fraction(0) for row in valued), Fraction(0))
    net = sum((row.net or Fraction(0) for row in valued), Fraction(0))
    largest = found[0] if found else None
    return {
        "gross": formats.whole_up(f"{up(gross, 2):f}"),
        "net": formats.whole_up(f"{up(net, 2):f}"),
        "one_way": formats.percent(f"{up(abs(net) / gross, 6):f}" if gross else None),
        "positions": len(valued),
        "clients": len({row.client for row in valued}),
        "largest": (largest.key or NOT_TOLD) if largest else formats.NONE,
        "largest_share": formats.percent(
            f"{up(largest.share, 6):f}" if largest and largest.share is not None else None
        ),
        "left_out": len(book.rows) - len(valued),
    }


def boxes(rows: Sequence[dict[str, Any]], found: Sequence[Held]) -> list[dict[str, Any]]:
    """The largest as areas; what is too small to bear its name is one box together: the table has it."""
    sizes = [float(held.exposure.gross) for held in found if held.exposure.gross]
    named = readable(sizes)
    shown, areas = list(rows[:named]), sizes[:named]
    if more := len(sizes) - named:
        rest = sum(sizes[named:])
        place = sum(size >= rest for size in areas)
        shown.insert(place, _smaller(more, rest / sum(sizes)))
        areas.insert(place, rest)
    return [
        row | {"place": place, "large": place.width > 9 and place.height > 14, "some": place.width > 4}
        for row, place in zip(shown, treemap(areas, shape=SHAPE), strict=True)
    ]


def readable(sizes: Sequence[float]) -> int:
    """How many, largest first, get a box of their own, so that the rest together can bear its name too."""
    least = LEAST_BOX * sum(sizes)
    own = sum(size >= least for size in sizes[:MOST_BOXES])
    while 0 < own < len(sizes) and sum(sizes[own:]) < least:
        own -= 1
    return own


def _smaller(count: int, share: float) -> dict[str, Any]:
    exact = Fraction(share).limit_denominator(10**6)
    return {
        "key": ":smaller",
        "word": f"{count} smaller",
        "link": "#table-title",
        "side": "flat",
        "tilt": "0",
        "share": formats.percent(f"{up(exact, 6):f}"),
        "together": True,
    }


def _bars(book: ExposedBook, found: Sequence[Held]) -> dict[str, Any]:
    rows = [Bar(held.key, float(held.exposure.gross), float(held.exposure.net)) for held in found]
    return bars(rows, currency=book.currency)


def _holders(book: ExposedBook, by: str, key: str) -> list[dict[str, Any]]:
    """Who holds it, largest first."""
    own: Sequence[Exposed] = holders(book.rows, by, key)
    found, _ = sums(own, "client")
    return [
        {
            "client": held.key,
            "gross": formats.money(f"{up(held.exposure.gross, book.places):f}"),
            "net": formats.money(f"{down(held.exposure.net, book.places):f}"),
            "share": formats.percent(None if held.share is None else f"{up(held.share, 6):f}"),
            "of_gross": f"{float(held.share or 0):.4f}",
            "side": "long" if held.exposure.net > 0 else "short",
        }
        for held in found[:MOST_HOLDERS]
    ]


def _crowd(desk: Desk, book: ExposedBook, crowd: Crowd) -> dict[str, Any]:
    return {
        "asset": crowd.underlying,
        "link": _link(desk, "asset", crowd.underlying),
        "side": "long" if crowd.side > 0 else "short",
        "clients": crowd.clients,
        "exposure": formats.whole_up(f"{up(crowd.exposure, book.places):f}"),
        "one_sided": formats.percent(f"{up(crowd.one_sidedness, 6):f}", 0),
        "largest": formats.percent(f"{up(crowd.largest_share, 6):f}", 0),
    }
