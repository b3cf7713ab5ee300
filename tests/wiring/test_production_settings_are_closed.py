"""Settings as a production process has them: cookies, HSTS, redirects, and Django's own deployment checks."""

import json

import pytest

from tests.wiring.production import GOOD, run

PRINT = """
import json
from django.conf import global_settings
from riskdesk import settings
known = {**vars(global_settings), **vars(settings)}
print(json.dumps({name: value for name, value in known.items() if name.isupper()}, default=str))
"""


@pytest.fixture(scope="module")
def found():
    ended = run("-c", PRINT, environment=GOOD)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_cookies_travel_by_https_only_and_belong_to_this_host_alone(found):
    assert found["SESSION_COOKIE_SECURE"]
    assert found["CSRF_COOKIE_SECURE"]
    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert found["SESSION_COOKIE_PATH"] == "/"
    assert found["MESSAGE_STORAGE"].endswith("SessionStorage")  # its cookie would not be __Host-


def test_plain_http_is_sent_to_https_and_browsers_remember_for_a_year(found):
    assert found["SECURE_SSL_REDIRECT"]
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert found["SECURE_REDIRECT_EXEMPT"] == ["^(healthz|readyz|metrics)$"]


def test_the_host_is_the_one_of_the_address_and_no_header_changes_it(found):
    assert found["ALLOWED_HOSTS"] == ["desk.riskhouse.test"]
    assert not found["USE_X_FORWARDED_HOST"]
    assert not found["DEBUG"]


def test_djangos_own_deployment_checks_are_content():
    ended = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", environment=GOOD)
    assert ended.returncode == 0, ended.stderr
