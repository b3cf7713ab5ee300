"""Whoever turns a program away says so in the same form: API, sign-in, /metrics and gate."""

import json
from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.pages import lockout
from margin.api.problems import missing
from margin.gate.app import CLOSED

FIELDS = ["type", "title", "status", "detail", "errors"]


def from_lockout() -> Any:
    asked = RequestFactory().post("/accounts/login/", headers={"Accept": "application/json"})
    return lockout.answer(asked, None, {})


def from_metrics() -> Any:
    return Client().get("/metrics", REMOTE_ADDR="192.0.2.1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("turned_away", "status", "name"),
    [(from_lockout, 429, "locked-out"), (from_metrics, 401, "unauthenticated")],
)
def test_an_answer_names_the_problem_like_the_api_does(turned_away: Any, status: int, name: str) -> None:
    answer = turned_away()
    said = json.loads(answer.content)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (list(said), said["type"]) == (FIELDS, f"urn:riskdesk:problem:{name}")


def test_the_gate_and_the_api_speak_alike() -> None:
    status, body = CLOSED
    said = json.loads(body)
    assert list(said) == list(missing().body()) == FIELDS
    assert (status, said["type"]) == (503, "urn:riskdesk:problem:no-book")
