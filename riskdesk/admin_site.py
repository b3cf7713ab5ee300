"""The admin's front: our title, and sign-in through the site's own door, with its MFA and lock-out."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

FIRST = "Proposal"


class RiskdeskAdmin(AdminSite):
    site_header = "Riskdesk administration"
    site_title = "Riskdesk"
    index_title = "What the desk runs on"

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
