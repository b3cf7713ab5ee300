"""`/stress/`: a shock asked of the whole book, before the event: levels, losses, the cascade, by client.

Takes a request; gives HTML, a fragment of it, or the accounts as CSV. The lab is
`margin.whatif.stressed`, over the book of the newest runs. The scenario is in the address.
"""

from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts.models import Desk
from margin.engine.rational import Fraction
from margin.models import RiskFactor
from margin.pages.asked import Asked
from margin.pages.desk import choose_desk
from margin.pages.sheet import sheet
from margin.pages.stress_shown import shown
from margin.whatif.presets import presets
from margin.whatif.shock import Scenario
from margin.whatif.stress_book import stress_books
from margin.whatif.stress_words import in_words
from margin.whatif.stressed import Asked as Question
from margin.whatif.stressed import run_stress
from riskdesk.codes import SHAPE
from riskdesk.errors import Refusal

MOST_PERCENT = 90
IMPACTS = {"0": "none", "0.0001": "0.01 %", "0.0005": "0.05 %", "0.002": "0.2 %", "0.01": "1 %"}
USUAL_IMPACT = "0.0005"
THIN = {"1": "as ever", "2": "2 × thinner", "3": "3 × thinner", "5": "5 × thinner", "10": "10 × thinner"}
PERCENT = r"-?\d{1,2}(\.\d)?"
MONEY = r"\d{1,15}"
HEAD = (
    "client",
    "account",
    "level_before",
    "level_after",
    "loss",
    "isolated_shortfall",
    "cross_shortfall",
)


@require_GET
@never_cache
@login_required
@gzip_page
def room(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    return render(request, "stress/room.html", _form(request, desk) | _result(request, desk))


@require_GET
@never_cache
@login_required
def result(request: HttpRequest) -> HttpResponse:
    """What the sliders fetch."""
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    return render(request, "stress/result.html", {"desk": desk} | _result(request, desk))


@require_GET
@never_cache
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """Every account of the result; the last column names the runs that it rests on."""
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    question, _ = _question(request)
    parts = stress_books(desk)
    if isinstance(parts, Refusal):
        raise Http404(parts.message)
    told = in_words(desk, parts, run_stress(parts, question))
    about = (told["currency"], told["scenario"], told["at"], " ".join(told["runs"]))
    rows = ([*(one[name] for name in HEAD), *about] for one in told["accounts"])
    return sheet(f"stress-{desk.code}", (*HEAD, "currency", "scenario", "as_of", "runs"), rows)


def _form(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    question, asked = _question(request)
    factors = [
        (row, asked.taken.get(f"f.{row.code}", "0"), _slug(place))
        for place, row in enumerate(RiskFactor.objects.order_by("name", "code"))
    ]
    found = presets().values()
    return {
        "desk": desk,
        "asked": asked,
        "happened": [preset for preset in found if preset.happened],
        "feared": [preset for preset in found if not preset.happened],
        "preset": asked.taken.get("preset", ""),
        "factors": factors,
        "together": question.scenario.together,
        "impacts": IMPACTS.items(),
        "impact": asked.taken.get("impact", USUAL_IMPACT),
        "thins": THIN.items(),
        "thin": asked.taken.get("thin", ""),
        "most": MOST_PERCENT,
    }


def _slug(place: int) -> str:
    return f"factor-{place}"


def _result(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    question, asked = _question(request)
    scenario = question.scenario
    if scenario.preset is None and not any(scenario.factors.values()):
        return {"nothing_asked": True, "offered": presets().values()}
    parts = stress_books(desk)
    if isinstance(parts, Refusal):
        return {"gone": parts.message}
    return {"csv": asked.link()} | shown(desk, parts, run_stress(parts, question))


def _question(request: HttpRequest) -> tuple[Question, Asked]:
    asked = Asked(request.GET)
    asked.text("desk", SHAPE)
    preset = asked.choice("preset", presets())
    together = asked.choice("together", ("1",)) == "1"
    thin = asked.choice("thin", THIN)
    impact = asked.choice("impact", IMPACTS, USUAL_IMPACT)
    fund = asked.text("fund", MONEY)
    scenario = Scenario(
        presets()[preset] if preset else None, _factors(asked), together, int(thin) if thin else None
    )
    return Question(scenario, Fraction(impact), Fraction(fund or 0)), asked


def _factors(asked: Asked) -> dict[str, Fraction]:
    found = {}
    for code in RiskFactor.objects.order_by("code").values_list("code", flat=True):
        given = asked.text(f"f.{code}", PERCENT)
        if given and Decimal(given):
            found[code] = Fraction(Decimal(given)) / 100
    return found
