"""The addresses of signing in and out: allauth's but one, and one of ours."""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path

from accounts.pages.presence import present


def nowhere(request: HttpRequest) -> NoReturn:
    """Where the desk's letters to a person go is said by an administrator, and recorded."""
    raise Http404


urlpatterns = [
    path("email/", nowhere),
    path("present/", present, name="present"),
    path("", include("allauth.urls")),
]
