"""The addresses of signing in and out: allauth's, and one of ours."""

from django.urls import include, path

from accounts.pages.presence import present

urlpatterns = [
    path("present/", present, name="present"),
    path("", include("allauth.urls")),
]
