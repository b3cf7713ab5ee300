"""Three rules for every request that comes with a session; tokens are asked elsewhere.

A session ends 12 hours after sign-in. Where the desk demands a second factor, nobody gets further than
setting one up. To change anything takes a deed within the last 30 minutes; after that, the password again.
Reading goes on: a screen on the wall shows the desk all day.
"""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from accounts.sessions import SAID_IDLE, acted_lately, note_deed, too_old
from riskdesk.errors import Refusal
from riskdesk.probes import PROBES
from riskdesk.problems import CONTENT_TYPE, problem

Answer = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS")
OWN_DOOR = re.compile(r"/accounts/[^/]*[a-z]")
"""Signing in and out, proving who one is: never barred. `/accounts/CODE/` is a page as any other."""
METRICS = "/metrics"


class SessionRules:
    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in PROBES or _by_token(request) or not request.user.is_authenticated:
            return self.get_response(request)
        if too_old(request.session):
            logout(request)
            return self.get_response(request)
        return self._barred(request) or self.get_response(request)

    def _barred(self, request: HttpRequest) -> HttpResponse | None:
        own_door = OWN_DOOR.match(request.path) is not None
        if settings.SECOND_FACTOR_REQUIRED and not own_door and not is_mfa_enabled(request.user):
            return _turned_away(
                request, "mfa_activate_totp", "second_factor", "Set up a second factor first."
            )
        if request.method not in SAFE and not own_door and not acted_lately(request.session):
            return _turned_away(request, "account_reauthenticate", "idle", SAID_IDLE)
        if _by_hand(request) and acted_lately(request.session):
            note_deed(request.session)
        return None


def _by_token(request: HttpRequest) -> bool:
    """API and metrics, given this header, look at no session: neither do we. A blank one is none."""
    asked = _wants_json(request) or request.path == METRICS
    return asked and bool(request.headers.get("Authorization"))


def _by_hand(request: HttpRequest) -> bool:
    """Somebody chose this: a change, or a page they went to. What pages fetch on their own does not count."""
    if request.method not in SAFE:
        return True
    sent_by_browser = "Sec-Fetch-Mode" in request.headers
    return request.headers.get("Sec-Fetch-User") == "?1" or (not sent_by_browser and not _wants_json(request))


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _turned_away(request: HttpRequest, to: str, rule: str, said: str) -> HttpResponse:
    """A program is told why; a person is taken to where it can be put right, and back."""
    if _wants_json(request):
        told = problem(403, rule.replace("_", "-"), said, [Refusal("session", rule, "", said)])
        return JsonResponse(told, status=403, content_type=CONTENT_TYPE)
    back = request.get_full_path() if request.method in SAFE else "/"
    return HttpResponseRedirect(f"{reverse(to)}?{urlencode({'next': back})}")
