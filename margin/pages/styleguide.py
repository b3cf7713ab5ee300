"""`/styleguide/`: the design language on one page, for who builds the pages. It exists while DEBUG is on."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from margin.engine.figures import WORST_FIRST
from margin.models import Alert

COLOURS = {
    "Ground": ("bg", "surface", "raised", "sunken", "hover", "track"),
    "Lines and words": ("line", "line-strong", "text", "muted", "mark"),
    "Deeds": ("accent", "accent-strong", "focus", "good"),
    "Levels": ("normal", "watch", "at-risk", "danger", "margin-call", "liquidation", "unknown"),
    "Series": ("series-1", "series-2", "series-3", "better", "worse"),
}
SIZES = ("xs", "s", "m", "l", "xl")


@require_GET
@login_required
def room(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    levels = [(level.word, level.label) for level in WORST_FIRST]
    context = {"colours": COLOURS, "sizes": SIZES, "levels": levels, "severities": Alert.Severity.choices}
    return render(request, "styleguide/room.html", context)
