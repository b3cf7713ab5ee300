"""One way to name the admin's classes: a page of a noun ends in Page, what pages inherit ends in Admin."""

from django.contrib import admin

OUR_ROOMS = {"accounts", "margin"}


def test_every_page_of_ours_is_named_a_page():
    ours = [
        page for page in admin.site._registry.values() if type(page).__module__.split(".")[0] in OUR_ROOMS
    ]
    assert len(ours) > 30
    assert [type(page).__name__ for page in ours if not type(page).__name__.endswith("Page")] == []


def test_what_pages_inherit_is_not():
    bases = {
        base.__name__
        for page in admin.site._registry.values()
        for base in type(page).__mro__[1:]
        if base.__module__.split(".")[0] in OUR_ROOMS
    }
    assert sorted(name for name in bases if name.endswith("Page")) == []
