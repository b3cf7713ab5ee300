"""The admin's front: our title, and sign-in through the site's own door, with its MFA and lock-out."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from psycopg.errors import LockNotAvailable, QueryCanceled

FIRST = "Proposal"
View = Callable[..., Any]


def answered(view: View) -> View:
    """What no row can hold is the caller's mistake; who waits too long is told to come back."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except (DataError, IncorrectLookupParameters) as error:
            raise BadRequest(str(error)) from error
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable | QueryCanceled):
                raise
            return come_back(request)

    return inner


def come_back(request: HttpRequest) -> HttpResponse:
    page = render(request, "503.html", status=503)
    page.headers["Retry-After"] = "10"
    return page


class RiskdeskAdmin(AdminSite):
    site_header = "Riskdesk administration"
    site_title = "Riskdesk"
    index_title = "What the desk runs on"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(answered(view), cacheable)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseRedirect:
        """No form of its own. Who is signed in and still stands here may not enter."""
        back = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: back})}")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What waits for a second person comes first, the rest by name."""
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda noun: noun["object_name"] != FIRST)
        return sorted(apps, key=lambda app: app["models"][0]["object_name"] != FIRST)

    def password_change(  # type: ignore[override]  # leads away instead of showing a page
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("account_change_password"))

    def logout(  # type: ignore[override]  # the same
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """The site's own page asks, and its sockets end with the session."""
        return HttpResponseRedirect(reverse("account_logout"))


class RiskdeskAdminConfig(AdminConfig):
    default_site = "riskdesk.admin_site.RiskdeskAdmin"
