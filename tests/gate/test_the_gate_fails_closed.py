"""A gate without a book lets nothing through, and says so in a way a platform cannot mistake."""

import json
from typing import Any

import pytest

from margin.gate.app import application


async def ask(path: str) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    await application({"type": "http", "path": path, "method": "POST"}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])


@pytest.mark.parametrize(
    "path", ["/api/v1/orders/check/", "/api/v1/orders/check/batch/", "/api/v1/orders/A1/events/"]
)
async def test_every_check_is_refused_until_there_is_a_book(path: str) -> None:
    status, body, headers = await ask(path)
    assert (status, headers[b"content-type"]) == (503, b"application/problem+json")
    assert "refused" in body["detail"]


async def test_the_process_says_that_it_lives() -> None:
    assert (await ask("/healthz"))[0] == 200


async def test_other_addresses_do_not_exist() -> None:
    assert (await ask("/admin/"))[0] == 404


async def test_start_and_stop_are_answered() -> None:
    said = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    heard: list[str] = []

    async def receive() -> dict[str, str]:
        return next(said)

    async def send(message: Any) -> None:
        heard.append(message["type"])

    await application({"type": "lifespan"}, receive, send)
    assert heard == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
