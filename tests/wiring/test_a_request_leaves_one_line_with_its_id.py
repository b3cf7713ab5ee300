"""Requests in the log: path, answer, time, person, address, id; no query, no key, no probe."""

import pytest
import structlog
from django.conf import settings
from django.test import RequestFactory
from structlog.testing import capture_logs

from riskdesk.env import read_environment
from riskdesk.request_log import client_address

pytestmark = pytest.mark.django_db


def lines(client, path, **extra):
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        answer = client.get(path, **extra)
    return answer, [line for line in captured if line["log_level"] != "debug"]


def test_a_request_is_one_line_and_the_answer_quotes_its_id(client):
    answer, (line,) = lines(client, "/accounts/login/?next=/clients/ACME/", REMOTE_ADDR="203.0.113.9")
    assert line["event"] == "request_finished"
    assert (line["request"], line["code"], line["ip"]) == ("GET /accounts/login/", 200, "203.0.113.9")
    assert line["milliseconds"] > 0
    assert answer.headers["X-Request-ID"] == line["request_id"]


def test_the_callers_own_id_is_not_believed(client):
    answer, (line,) = lines(client, "/accounts/login/", headers={"X-Request-ID": "forged\r\nline"})
    assert "forged" not in line["request_id"]
    assert "forged" not in answer.headers["X-Request-ID"]


def test_the_key_of_a_password_reset_is_not_written(client):
    _, (line,) = lines(client, "/accounts/password/reset/key/1-c9k3xq-a1b2c3/")
    assert line["request"] == "GET /accounts/password/reset/key/***/"


def test_the_person_is_named(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("vera"))
    _, (line,) = lines(client, "/nowhere")
    assert (line["user_id"], line["code"], line["log_level"]) == ("vera", 404, "warning")


def test_probes_leave_no_line(client, capsys):
    from riskdesk.logs import configure

    configure(settings.LOGGING)
    client.get("/healthz")
    client.get("/readyz")
    shown = capsys.readouterr().err
    client.get("/nowhere")
    assert "healthz" not in shown
    assert "readyz" not in shown
    assert "/nowhere" in capsys.readouterr().err
    configure(settings.LOGGING)


@pytest.mark.parametrize(
    ("proxies", "told", "believed"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_an_address_is_believed_only_as_far_as_proxies_are_trusted(settings, proxies, told, believed):
    settings.ENV = read_environment({"TRUSTED_PROXIES": str(proxies)})
    request = RequestFactory().get("/", headers={"X-Forwarded-For": told}, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == believed
