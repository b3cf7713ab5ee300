"""The content policy and the other walls, on every address there is, whoever asks and however it ends."""

from html.parser import HTMLParser

import pytest
from django.conf import settings

from accounts.models import Role
from tests import factories
from tests.wiring.addresses import addresses

WALLS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": ("DENY", "SAMEORIGIN"),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DATA_TYPES = {"application/json", "application/ld+json", "importmap", "text/template"}


def directives(policy):
    parts = (part.strip().split() for part in policy.split(";") if part.strip())
    return {name: values for name, *values in parts}


def faults_of(answer):
    """What is missing or too wide in an answer's headers."""
    policy = directives(answer.headers.get("Content-Security-Policy", ""))
    for name, wanted in WALLS.items():
        if answer.headers.get(name) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            yield f"{name}: {answer.headers.get(name)}"
    if policy.get("default-src") != ["'none'"]:
        yield f"default-src {policy.get('default-src')}"
    scripts = policy.get("script-src", ["'none'"])
    if not set(scripts) <= {"'self'", "'none'"}:
        yield f"script-src {scripts}"
    for name, values in policy.items():
        yield from (f"{name} {value}" for value in values if "unsafe-eval" in value or "*" in value)
        if "'unsafe-inline'" in values and name != "style-src":
            yield f"{name} allows inline"
    if not {"frame-ancestors", "base-uri", "form-action"} <= set(policy) and "sandbox" not in policy:
        yield f"open directives in {sorted(policy)}"
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        yield f"Cache-Control: {answer.headers.get('Cache-Control')}"
    if "camera=()" not in answer.headers.get("Permissions-Policy", ""):
        yield "Permissions-Policy"


class Inline(HTMLParser):
    """Finds what the policy would forbid to run, and what comes from elsewhere."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "script" and "src" not in values and values.get("type") not in DATA_TYPES:
            self.found.append("inline script")
        for name, value in attributes:
            if name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")
            if name == "src" and "//" in (value or ""):
                self.found.append(f"{tag} from {value}")
            if tag == "link" and name == "href" and "//" in (value or ""):
                self.found.append(f"style from {value}")


@pytest.fixture
def asking(client, cast):
    """Somebody to whom most doors open."""
    client.raise_request_exception = False
    factories.grant(cast.ada, cast.prime, Role.ADMINISTRATOR)
    cast.ada.is_superuser = True
    cast.ada.save()

    def ask(address, *, signed_in):
        if signed_in:
            client.force_login(cast.ada)
        return client.get(address)

    return ask


def test_there_are_addresses_to_ask():
    found = addresses()
    assert {"/", "/healthz", "/admin/", "/accounts/login/"} <= set(found)
    assert not [address for address in found if "<" in address or "(" in address]


@pytest.mark.parametrize("signed_in", [False, True], ids=["stranger", "administrator"])
def test_every_address_answers_behind_every_wall(asking, signed_in):
    answers = {address: asking(address, signed_in=signed_in) for address in addresses()}
    assert {a: list(faults_of(answer)) for a, answer in answers.items() if list(faults_of(answer))} == {}


@pytest.mark.parametrize("signed_in", [False, True], ids=["stranger", "administrator"])
def test_no_page_holds_anything_the_policy_would_forbid_to_run(asking, signed_in):
    found = {}
    for address in addresses():
        answer = asking(address, signed_in=signed_in)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            parser = Inline()
            parser.feed(answer.content.decode())
            if parser.found:
                found[address] = parser.found
    assert found == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "extra"),
    [
        ("/nowhere/at/all", {}),
        ("/", {"HTTP_HOST": "evil.example"}),
        ("/accounts/login/?next=//evil.example", {}),
        ("/%00", {}),
    ],
)
def test_errors_stand_behind_the_same_walls(client, address, extra):
    client.raise_request_exception = False
    assert list(faults_of(client.get(address, **extra))) == []


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_behind_the_same_walls():
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403
    assert list(faults_of(answer)) == []


@pytest.mark.django_db
def test_logging_out_leaves_nothing_in_the_browsers_cache(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("vera"))
    assert client.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in client.get("/accounts/login/").headers


def test_cookies_of_the_session_are_closed_to_scripts_and_to_other_sites():
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
    assert settings.SESSION_COOKIE_DOMAIN is settings.CSRF_COOKIE_DOMAIN is None
