"""A body that is too large costs neither memory nor patience: it is refused by its length, or as it comes."""

import inspect
import json
from typing import Any

import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application

from riskdesk.body import bounded

MOST = settings.BODY_MOST_BYTES
CHUNK = b"x" * 65_536


class Client:
    """One raw request to the pages' application; counts what is taken from it."""

    def __init__(self, *headers: tuple[bytes, bytes], chunks: int, path: str = "/accounts/login/") -> None:
        self.left, self.taken = chunks, 0
        self.sent: list[dict[str, Any]] = []
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *headers],
        }

    async def receive(self) -> dict[str, Any]:
        assert self.left, "more was asked for than there is"
        self.left -= 1
        self.taken += len(CHUNK)
        return {"type": "http.request", "body": CHUNK, "more_body": self.left > 0}

    async def send(self, message: Any) -> None:
        self.sent.append(dict(message))

    async def ask(self, application: Any) -> int:
        await bounded(application, most_bytes=MOST)(self.scope, self.receive, self.send)
        return self.sent[0]["status"]

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


async def test_a_declared_length_above_the_bound_is_refused_before_a_byte_is_read() -> None:
    client = Client((b"content-length", str(MOST + 1).encode()), chunks=1_000)
    assert await client.ask(get_asgi_application()) == 413
    assert client.taken == 0
    assert client.headers[b"connection"] == b"close"


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"9")], [(b"content-length", b"many")]])
async def test_a_length_that_is_not_told_or_a_lie_is_counted(headers: list[tuple[bytes, bytes]]) -> None:
    client = Client(*headers, chunks=1_000)
    assert await client.ask(get_asgi_application()) == 413
    assert client.taken <= MOST + len(CHUNK)


async def test_the_refusal_is_a_problem_document_and_one_answer() -> None:
    client = Client(chunks=1_000)
    await client.ask(get_asgi_application())
    assert [message["type"] for message in client.sent] == ["http.response.start", "http.response.body"]
    assert client.headers[b"content-type"] == b"application/problem+json"
    assert json.loads(client.sent[1]["body"])["status"] == 413


async def test_a_body_within_the_bound_reaches_the_application_whole() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        taken = 0
        while (message := await receive())["more_body"]:
            taken += len(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": [], "taken": taken + len(CHUNK)})

    client = Client(chunks=MOST // len(CHUNK))
    assert await client.ask(echo) == 200
    assert client.sent[0]["taken"] == client.taken


@pytest.mark.usefixtures("db")  # the process asks it before it starts
def test_the_web_process_is_behind_the_bound() -> None:
    from riskdesk.asgi import application

    # Orders are handed on to the gate, which has a bound of its own; all else is behind this one.
    handing_on = application.application_mapping["http"]
    pages = inspect.getclosurevars(handing_on).nonlocals["inner"]
    assert pages.__qualname__.startswith("bounded.")
