"""`/limits/presets/`: the caps of regulations, their sources and dates, and a button that proposes them."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.models import Client, Desk, User
from margin import formats
from margin.flow.presets import PRESETS, Preset, load_preset
from margin.models import Limit
from margin.pages.desk import choose_desk
from riskdesk import clock


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def presets_page(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    may_propose = access.may(request.user, access.Action.PROPOSE, desk)
    if request.method == "POST":
        if not may_propose:
            raise PermissionDenied
        return _loaded(request, desk)
    shown = [_shown(preset, desk) for preset in PRESETS.values()]
    return render(
        request, "limits/presets.html", {"desk": desk, "presets": shown, "may_propose": may_propose}
    )


def _loaded(request: HttpRequest, desk: Desk) -> HttpResponse:
    preset = PRESETS.get(request.POST.get("preset", ""))
    if preset is None:
        raise Http404
    loaded = load_preset(preset=preset, desk=desk, person=cast(User, request.user), now=clock.now())
    if isinstance(loaded, list):
        for refusal in loaded:
            messages.error(request, refusal.message)
    else:
        counted = formats.counted(len(loaded.made), "cap")
        messages.success(request, f"{counted} proposed, {loaded.kept} in force or waiting already.")
    return HttpResponse(status=303, headers={"Location": f"{reverse('limits')}?desk={desk.code}"})


def _shown(preset: Preset, desk: Desk) -> dict[str, Any]:
    """Each cap beside the one that stands now."""
    rows = Limit.objects.filter(
        desk=desk, kind="leverage", regulatory_class=preset.regulatory_class, revision_to__isnull=True
    )
    stands = {row.cap_class: formats.times(row.value, 4) for row in rows}
    caps = [("", "in all", preset.whole)] if preset.whole else []
    caps += [(asset, formats.asset_class(asset), cap) for asset, cap in preset.caps.items()]
    return {
        "preset": preset,
        "clients": Client.objects.filter(desk=desk, regulatory_class=preset.regulatory_class).count(),
        "caps": [(word, formats.times(cap), stands.get(asset, formats.NONE)) for asset, word, cap in caps],
    }
