"""`/accounts/<CODE>/`: one sub-account whole, as the newest run saw it; each run renews its live part.

Takes a request; gives HTML. Computes no figure: the run's are shown, their working is the engine's.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import SubAccount
from margin.engine.figures import PoolFigures
from margin.engine.shown import down, up
from margin.models import Alert, Breach
from margin.notify.alerts import open_counts
from margin.notify.figures import desk_figures
from margin.pages import formats
from margin.pages.desk import page_data
from margin.pages.drawer import drawer
from margin.pages.rows import FULL_SCALE, bar_share
from margin.pages.summary import summary
from margin.whatif import why
from margin.whatif.remedies import Remedy, remedies
from margin.whatif.revisit import Gone, Revisited, newest_run, revisit

MOST_ALERTS = 8
NO_RUN = "No run has seen this account yet. This page fills by itself when one has."


@dataclass(frozen=True, slots=True)
class PoolCard:
    name: str
    walled: bool
    level: str
    word: str
    why: str
    equity: str
    requirement: str
    utilisation: str
    use: str
    free_margin: str


@require_GET
@never_cache
@login_required
@gzip_page
def account_page(request: HttpRequest, account: str) -> HttpResponse:
    found = account_or_404(request, account)
    desk = found.client.desk
    figures = desk_figures(desk.code, open_counts(desk.code))
    context = {
        "desk": desk,
        "summary": summary(figures),
        "page_data": page_data(desk, figures, may_acknowledge=False) | {"columns": ["account", "level"]},
    }
    return render(request, "accounts/page.html", context | live(request, found))


@require_GET
@never_cache
@login_required
def account_now(request: HttpRequest, account: str) -> HttpResponse:
    """The part of the page that moves."""
    return render(request, "accounts/now.html", live(request, account_or_404(request, account)))


def account_or_404(request: HttpRequest, code: str) -> SubAccount:
    rows = access.for_user(SubAccount, request.user)
    return get_object_or_404(
        rows.select_related("client__desk__reporting_currency", "base_currency"), code=code
    )


def live(request: HttpRequest, account: SubAccount) -> dict[str, Any]:
    """What the newest run says of the account; where it says nothing, why."""
    run = newest_run(account)
    seen = Gone(NO_RUN) if run is None else revisit(account, run)
    context = {"account": account, "run": run, "asked": "", **waiting(account)}
    if isinstance(seen, Gone):
        return context | {"gone": seen.because}
    asked = request.GET.get("why", "")
    context |= {
        "row": seen.row,
        "shown": drawer(seen.row, seen.positions),
        "distance_down": formats.percent(seen.row["distance_down"], 2),
        "distance_up": formats.percent(seen.row["distance_up"], 2),
        "initial": formats.money(seen.row["initial"]),
        "maintenance": formats.money(seen.row["maintenance"]),
        "gross": formats.money(seen.row["gross"]),
        "net": formats.money(seen.row["net"]),
        "pools": [pool_card(seen, pool) for pool in seen.figures.pools],
        "remedies": [remedy_row(seen, remedy) for remedy in remedies(seen)],
        "target": formats.percent(f"{float(seen.policy.target)}", 0),
    }
    if asked in why.FIGURES:
        lines = [why.plain_line(line) for line in why.working(seen, why.Asked(asked))]
        context |= {"asked": asked, "lines": lines}
    return context


def waiting(account: SubAccount) -> dict[str, Any]:
    alerts = Alert.objects.filter(sub_account=account).exclude(state=Alert.State.RESOLVED).order_by("-id")
    breaches = Breach.objects.filter(sub_account=account, state__in=["open", "acknowledged"]).order_by("-id")
    return {"alerts": alerts[:MOST_ALERTS], "breaches": breaches[:MOST_ALERTS]}


def pool_card(seen: Revisited, pool: PoolFigures) -> PoolCard:
    """Requirements up, equity down, as the run rounds them."""
    places = seen.places
    equity = None if pool.equity is None else f"{down(pool.equity, places):f}"
    need = None if pool.house_maintenance is None else f"{up(pool.house_maintenance, places):f}"
    free = None if pool.free_margin is None else f"{down(pool.free_margin, places):f}"
    use = None if pool.utilisation is None else f"{up(pool.utilisation, 6):f}"
    return PoolCard(
        name=pool.pool,
        walled=pool.pool != "cross",
        level=pool.level.word,
        word=pool.level.label,
        why="; ".join(pool.unknown_because),
        equity=formats.money(equity),
        requirement=formats.money(need),
        utilisation=formats.percent(use),
        use=bar_share(use, scale=FULL_SCALE, absent="1" if pool.level.word == "liquidation" else "0"),
        free_margin=formats.money(free),
    )


def remedy_row(seen: Revisited, remedy: Remedy) -> dict[str, Any]:
    deposits = [
        (each.asset, None if each.amount is None else formats.money(why.digits(each.amount)))
        for each in remedy.deposits
    ]
    names = {position.ref: position.instrument.code for position in seen.account.positions}
    steps = [
        (
            names[cut.ref],
            "buy" if cut.quantity > 0 else "sell",
            formats.money(f"{abs(Decimal(why.digits(cut.quantity) or 0)):f}"),
        )
        for step in (remedy.plan.steps if remedy.plan else ())
        for cut in step.cuts
    ]
    attained = remedy.plan is not None and remedy.plan.attained
    return {"pool": remedy.pool, "deposits": deposits, "steps": steps, "attained": attained}
