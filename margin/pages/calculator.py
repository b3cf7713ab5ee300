"""`/calculator/`: describe an account, see it in three modes. The page asks the API and computes nothing."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

PRESETS = (
    ("hedged", "Hedged fund", "Long and short of the same coins: one perpetual against another future"),
    ("one-bet", "One bet at 50×", "One direction, high leverage, everything in the wallet behind it"),
    ("events", "Isolated event book", "Small bets around one evening, each with a pocket of its own"),
    ("hybrid", "Core and satellite", "A hedged core in cross beside an isolated satellite"),
    ("inverse", "Coin-margined", "An inverse contract on the coin that is its collateral"),
)


@require_GET
@never_cache
@login_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "calculator/calculator.html", {"of_all_desks": True, "presets": PRESETS})
