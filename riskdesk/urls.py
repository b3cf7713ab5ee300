"""The map of addresses. Each door keeps its own."""

from django.contrib import admin
from django.urls import include, path

from riskdesk import health

handler400 = "margin.api.problems.bad_request"
handler500 = "margin.api.problems.server_error"
urlpatterns = [
    path("accounts/", include("accounts.pages.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("margin.api.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("margin.pages.urls")),
]
