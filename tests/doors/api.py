"""How tests call the API: a person in a browser, or a program with a token."""

import json
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.tokens import Issued, issue
from tests.factories import MONDAY_NOON

NOON = MONDAY_NOON.isoformat()


class Api:
    """JSON in, JSON out. A text or bytes body is sent as it is."""

    def __init__(self, person: User | None = None, *, scopes: tuple[str, ...] | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if person is not None and scopes is None:
            self.client.force_login(person, "django.contrib.auth.backends.ModelBackend")
        elif person is not None:
            issued = issue(person=person, name=f"test {'-'.join(scopes or ())}".strip(), scopes=scopes or ())
            assert isinstance(issued, Issued), issued
            self.headers["Authorization"] = f"Bearer {issued.secret}"

    def call(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **headers: str
    ):
        address = path if path.startswith("/") else f"/api/v1/{path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.generic(
            method, address, b"" if body is None else raw, content_type=kind, headers=self.headers | given
        )

    def get(self, path: str, **headers: str):
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **options: str):
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: str):
        return self.call("PUT", path, body, **options)


def rules(answer: Any) -> set[tuple[str, str]]:
    """What was refused: (field, rule)."""
    return {(error["field"], error["rule"]) for error in answer.json()["errors"]}


def is_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status, (answer.status_code, answer.content[:500])
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert {"type", "title", "status", "detail", "errors"} <= body.keys()
    for error in body["errors"]:
        assert error.keys() == {"field", "rule", "value", "message"}
        assert error["message"]
