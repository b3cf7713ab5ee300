"""The admin's addresses: strangers find nothing, staff find what their roles allow, of their desks alone.

A noun that comes into the admin fails until it has a line below: what a limits admin may do with it. Staff
without a role, and people who are not staff, get no page at all.
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model

from accounts.models.columns import HOUSE_WIDE, INTERNAL
from tests import factories
from tests.conftest import Cast
from tests.doors.matrix import Scene, leaked, routes

SEE, KEEP, RULE = "see", "see add change import", "see add change delete"
"""A rule is changed and deleted by a proposal that a second person approves."""
NOUNS = {
    "accounts.apitoken": SEE,
    "accounts.asset": KEEP,
    "accounts.auditevent": SEE,
    "accounts.balance": SEE,
    "accounts.client": KEEP,
    "accounts.desk": "see change",
    "accounts.housebuffer": RULE,
    "accounts.pocket": SEE,
    "accounts.proposal": SEE,
    "accounts.rolegrant": RULE,
    "accounts.subaccount": KEEP,
    "accounts.transfer": SEE,
    "accounts.user": SEE,
    "axes.accessattempt": "",
    "django_celery_beat.intervalschedule": "see add change",  # those of the desk's own jobs stay
    "django_celery_beat.periodictask": "see change",
    "margin.alert": SEE,
    "margin.assetterms": "see change",
    "margin.breach": SEE,
    "margin.margincall": SEE,
    "margin.calendar": KEEP,
    "margin.delivery": SEE,
    "margin.clientclass": "see change",
    "margin.deskpolicy": RULE,
    "margin.haircutversion": RULE,
    "margin.heartbeat": SEE,
    "margin.instrument": KEEP,
    "margin.instrumentbuffer": RULE,
    "margin.instrumentsource": RULE,
    "margin.instrumentterms": "see change",
    "margin.limit": RULE,
    "margin.loading": RULE,
    "margin.localschedule": "see add change",
    "margin.localslot": SEE,
    "margin.marginschedule": KEEP,
    "margin.positionversion": SEE,
    "margin.pricerefusal": SEE,
    "margin.quote": SEE,
    "margin.ratepath": RULE,
    "margin.restriction": SEE,
    "margin.riskfactor": KEEP,
    "margin.run": SEE,
    "margin.scheduleversion": RULE,
    "margin.source": KEEP,
    "margin.temporaryexcess": RULE,
    "margin.tradinghours": "see change",
    "margin.venue": KEEP,
    "usersessions.usersession": "",
}
KINDS = {
    "": "see",
    "add/": "add",
    "<path:object_id>/": "see",
    "<path:object_id>/change/": "see",
    "<path:object_id>/history/": "see",
    "<path:object_id>/delete/": "delete",
    "import/": "import",
    "process_import/": "import",
    "export/": "see",
    "<id>/password/": "never",
    "<int:pk>/decide/<str:deed>/": "see",
}
"""What of a noun's pages takes which leave."""
OWN = {"", "login/", "logout/", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/"}
OWN |= {"r/<path:content_type_id>/<path:object_id>/", "(?P<url>.*)$"}


@pytest.fixture
def scene(cast: Cast, settings: Any, tmp_path: Path) -> Scene:
    settings.STATIC_ROOT = tmp_path
    factories.person("sam", staff=True)
    return Scene(cast)


def pages() -> Iterator[tuple[str, str, str]]:
    """Every address of a noun: (noun, kind of page, route)."""
    for route in routes():
        found = re.fullmatch(r"admin/(?!password_change)(\w+)/(\w+)/(.*)", route)
        if found:
            yield f"{found[1]}.{found[2]}", found[3], route


def test_every_noun_in_the_admin_has_a_line_and_every_page_is_of_a_known_kind():
    assert {noun for noun, _, _ in pages()} ^ NOUNS.keys() == set()
    assert {kind for _, kind, _ in pages()} - KINDS.keys() == set()
    listed = {route.removeprefix("admin/") for route in routes() if route.startswith("admin/")}
    nouns = {route.removeprefix("admin/") for _, _, route in pages()}
    assert {route for route in listed - nouns if "app_label" not in route} - OWN == set()


def test_who_is_not_staff_is_shown_the_sign_in_and_nothing_else(scene: Scene):
    """Strangers ask for everything; the others, whom one and the same question turns away, take turns."""
    for place, (_, _, route) in enumerate(pages()):
        for name, method in product(("anonymous", ("nobody", "rita", "otto")[place % 3]), ("GET", "POST")):
            answer = scene.ask(name, method, scene.path(route, "PRIME"), None)
            assert answer.status_code == 302, route
            assert answer["Location"].startswith("/admin/login/"), route
            assert not answer.changed, route


def test_staff_without_a_role_are_turned_away_from_every_noun(scene: Scene):
    scene.sign_in("sam", factories.User.objects.get(username="sam"))
    for _, kind, route in pages():
        for method in ("GET", "POST"):
            answer = scene.ask("sam", method, scene.path(route, "PRIME"), None)
            turned = answer.status_code in (403, 404, 405) or kind.startswith("<")
            assert turned, (method, route, answer.status_code)
            assert not leaked(answer, set(), ""), route
            assert not answer.changed, route


def test_a_limits_admin_gets_the_pages_of_the_table_with_rows_of_their_own_desk(scene: Scene):
    wrong = []
    for noun, kind, route in pages():
        row = row_of(noun, "PRIME") if "<" in kind else None
        if "<" in kind and row is None:
            continue
        path = scene.path(route, "PRIME").replace("/1/", f"/{row.pk}/") if row else scene.path(route, "PRIME")
        answer = scene.ask("ada", "GET", path, None)
        leave = KINDS[kind] in NOUNS[noun].split()
        fine = (200, 302, 405) if leave else (403, 404, 405)
        if answer.status_code not in fine:
            wrong.append(f"{path}: {answer.status_code}, and the table says {leave}")
        if word := leaked(answer, {"PRIME"}, path):
            wrong.append(f"{path}: reads {word} of another desk")
    assert not wrong, "\n" + "\n".join(wrong)


def test_rows_of_another_desk_are_neither_shown_nor_changed(scene: Scene):
    wrong, asked = [], 0
    for noun, kind, route in pages():
        row = row_of(noun, "RETAIL")
        if "object_id" not in kind or row is None:
            continue
        path = scene.path(route, "RETAIL").replace("/1/", f"/{row.pk}/")
        for method in ("GET", "POST"):
            answer = scene.ask("ada", method, path, None)
            asked += 1
            if answer.status_code == 200 or answer.changed or leaked(answer, {"PRIME"}, path):
                wrong.append(f"{method} {path}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert asked > 50


def row_of(noun: str, desk: str) -> Model | None:
    """One row of the noun on the desk; of any, where it belongs to none and the desk is ours."""
    model = next(one for one in admin.site._registry if one._meta.label_lower == noun)
    path = getattr(model, "desk_path", INTERNAL)
    if path in (INTERNAL, HOUSE_WIDE):
        return model._default_manager.first() if desk == "PRIME" else None
    name = "code" if path == "pk" else f"{path}__code"
    return model._default_manager.filter(**{name: desk}).first()
