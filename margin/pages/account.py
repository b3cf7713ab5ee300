"""`/accounts/<CODE>/`: one sub-account whole, as the newest run saw it; each run renews its live part.

Takes a request; gives HTML. Computes no figure: the run's are shown, their working is the engine's.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import SubAccount
from margin import formats
from margin.models import Breach
from margin.pages import workings
from margin.pages.account_charts import SPANS, history_figure, ladder_figure, span_of, waterfall_figure
from margin.pages.drawer import drawer
from margin.pages.imposed import held_back
from margin.pages.live import NO_RUN, live_page
from margin.pages.modes import modes_table
from margin.pages.owed import owed_by
from margin.pages.pools import pool_card, pool_names, remedy_row
from margin.pages.rails import broken, in_liquidation_since, on_account, rail
from margin.whatif import between, why
from margin.whatif.remedies import remedies
from margin.whatif.revisit import Gone, Revisited, newest_run, revisit


@require_GET
@never_cache
@login_required
@gzip_page
def account_page(request: HttpRequest, account: str) -> HttpResponse:
    found = account_or_404(request, account)
    desk = found.client.desk
    asked = request.GET.get("why", "")
    context = live_page(desk, alerts_of={"account": found.code}) | now(found)
    context |= {
        "rail": rail(request.user, desk, account=found.code),
        "span": span_of(request),
        "spans": SPANS,
    }
    if asked in why.FIGURES:
        context |= working_of(found, why.Asked(asked, ref=None), minutes=workings.SPANS[1])
    return render(request, "accounts/page.html", context)


@require_GET
@never_cache
@login_required
def account_now(request: HttpRequest, account: str) -> HttpResponse:
    """The part of the page that moves."""
    return render(request, "accounts/renewed.html", now(account_or_404(request, account)))


@require_GET
@never_cache
@login_required
def account_why(request: HttpRequest, account: str) -> HttpResponse:
    """The working of one figure, of the account or of one position."""
    figure = request.GET.get("figure", "equity")
    if figure not in why.FIGURES:
        raise Http404
    asked = why.Asked(figure, ref=request.GET.get("ref") or None)
    minutes = request.GET.get("minutes", "")
    spans = {str(span): span for span in workings.SPANS}
    found = account_or_404(request, account)
    return render(
        request, "accounts/why.html", working_of(found, asked, minutes=spans.get(minutes, workings.SPANS[1]))
    )


@require_GET
@never_cache
@login_required
def account_modes(request: HttpRequest, account: str) -> HttpResponse:
    """The same account in other modes, some positions flipped."""
    found = account_or_404(request, account)
    seen = seen_now(found)
    context = (
        {"gone": seen.because} if isinstance(seen, Gone) else modes_table(seen, request.GET.getlist("flip"))
    )
    return render(request, "accounts/modes.html", {"account": found} | context)


@require_GET
@never_cache
@login_required
@gzip_page
def account_history(request: HttpRequest, account: str) -> HttpResponse:
    """The figure of the account through time."""
    return JsonResponse(history_figure(account_or_404(request, account), span_of(request)))


def account_or_404(request: HttpRequest, code: str) -> SubAccount:
    rows = access.for_user(SubAccount, request.user)
    return get_object_or_404(
        rows.select_related("client__desk__reporting_currency", "base_currency"), code=code
    )


def seen_now(account: SubAccount) -> Revisited | Gone:
    run = newest_run(account)
    return Gone(NO_RUN) if run is None else revisit(account, run)


def now(account: SubAccount) -> dict[str, Any]:
    """What the newest run says of the account; where it says nothing, why."""
    seen = seen_now(account)
    breaches = Breach.objects.filter(on_account(account.code), state__in=("warning", *Breach.BROKEN))
    context = {
        "account": account,
        "broken": broken(breaches),
        "held": held_back(account),
        "owed": owed_by(account.calls.all()),
    }
    if isinstance(seen, Gone):
        return context | {"gone": seen.because}
    names = pool_names(seen)
    shown = drawer(seen.row, seen.positions)
    plain = ("initial", "maintenance", "gross", "net")
    return context | {
        "run": seen.run,
        "row": seen.row,
        "shown": shown,
        "since": in_liquidation_since(seen.row),
        "distance_down": formats.percent(seen.row["distance_down"], 2),
        "distance_up": formats.percent(seen.row["distance_up"], 2),
        **{name: formats.money(seen.row[name]) for name in plain},
        "pools": [pool_card(seen, pool, names[pool.pool]) for pool in seen.figures.pools],
        "names": names,
        "remedies": [remedy_row(seen, remedy, names[remedy.pool]) for remedy in remedies(seen)],
        "target": formats.percent(f"{float(seen.policy.target)}", 0),
        "figures": {"ladder": ladder_figure(seen), "waterfall": waterfall_figure(seen)},
    }


def working_of(account: SubAccount, asked: why.Asked, *, minutes: int) -> dict[str, Any]:
    """Of the newest run; it stays that run's until somebody asks again."""
    seen = seen_now(account)
    context = {"account": account, "asked": asked, "word": workings.WORDS[asked.figure]}
    context["of"] = formats.named(asked.ref or "")
    if isinstance(seen, Gone):
        return context | {"unseen": seen.because}
    if asked.ref is not None and all(position.ref != asked.ref for position in seen.account.positions):
        return context | {"unseen": "There is no such position any more."}
    context |= {"working": workings.groups(seen, asked), "seen": seen.run}
    if asked.figure in between.NAMES and asked.ref is None:
        context["changed"] = workings.changed(account, seen, asked.figure, minutes)
    return context
