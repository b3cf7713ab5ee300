"""The page's own lines and the client, against a real gate and through the web's port."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from margin.gate.client import AsyncGate, Gate, GateProblem, NoAnswer, Order, Unreachable
from margin.models import OrderDecision
from riskdesk import clock
from riskdesk.forward import forwarded
from riskdesk.stack.ports import pick_free
from tests import factories
from tests.gate.harness import Small, make_small
from tests.gate.process import Process

PAGE = Path(__file__).parents[2] / "docs/reference/gate.md"


@pytest.fixture
def fresh(transactional_db: None) -> Small:
    small = make_small(stale_soft_seconds=86_400, stale_hard_seconds=86_400)
    factories.quote(small.btc, "60000", at=clock.now())
    return small


@pytest.mark.system
def test_the_lines_of_the_page_and_the_client_get_the_answers_they_promise(
    fresh: Small, tmp_path: Path
) -> None:
    gate = Process(tmp_path)
    address, running = f"http://127.0.0.1:{gate.port}", [gate]
    try:
        gate.await_ready()  # first, so that the shard is this one's
        running.append(other := Process(tmp_path))
        assert other.status("/readyz") in (None, 503)  # the shard has its gate: this one waits
        told = as_written(address, fresh.secret)
        assert told == ["allow", "reduce_to", "resting", "cancelled", "allow", "reduce_to"]
        ask_with_the_client(address, fresh.secret)
        status, body = asyncio.run(through_the_web(gate.port, fresh.secret))
        assert (status, body["decision"]) == (200, "allow")
        gate.end(killed=True)
        other.await_ready()  # and takes over as soon as it may
        again = Gate(f"http://127.0.0.1:{other.port}", fresh.secret, timeout_seconds=30)
        assert again.check(Order("c-1", "ACME-1", "BTC-PERP", "buy", "0.5", price="60000")).allowed
        again.close()
    finally:
        for process in running:
            process.end()


def as_written(address: str, secret: str) -> list[str]:
    """What every block of the page prints, in the words its comments promise."""
    page = PAGE.read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    wanted = [
        word for block in blocks for line in re.findall(r"^# (.*)$", block, re.M) for word in line.split()
    ]
    found = []
    for block in blocks:
        done = subprocess.run(
            ["bash", "-c", block],
            env={**os.environ, "GATE": address, "TOKEN": secret},
            capture_output=True,
            check=True,
        )
        decoder, text = json.JSONDecoder(), done.stdout.decode()
        while text:
            answer, end = decoder.raw_decode(text)
            text = text[end:]
            found += [one.get("decision") or one.get("state") for one in answer.get("results", [answer])]
    assert found == wanted
    return found


def ask_with_the_client(address: str, secret: str) -> None:
    gate = Gate(address, secret, timeout_seconds=30)
    verdict = gate.check(Order("c-1", "ACME-1", "BTC-PERP", "buy", "0.5", price="60000"))
    assert (verdict.allowed, verdict.quantity, verdict.unchecked) == (True, "0.5", False)
    more = [
        Order("c-2", "ACME-1", "BTC-PERP", "buy", "50"),
        Order("c-1", "ACME-1", "BTC-PERP", "buy", "0.5", "60000"),
    ]
    both = asyncio.run(AsyncGate(gate).check_many(more))
    assert [one.decision for one in both] == ["reduce_to", "allow"]
    gate.tell("c-1", "filled", price="60000")
    with pytest.raises(GateProblem) as problem:
        gate.check(Order("c-3", "ACME-1", "BTC-PERP", "buy", "0.0001"))
    assert problem.value.errors[0]["rule"] == "lot"
    assert gate.check(Order("c-4", "NOBODY-1", "BTC-PERP", "buy", "1")).decision == "reject"
    gate.close()


async def through_the_web(port: int, secret: str) -> tuple[int, dict[str, object]]:
    """The same address on the web's application."""
    body = b'{"order_id":"w-1","account":"ACME-1","instrument":"BTC-PERP","side":"buy","quantity":"0.001"}'
    return await asked_of(forwarded(nothing, host="127.0.0.1", port=port), body, secret)


async def nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("the pages were asked for an address of the gate")


async def asked_of(application: object, body: bytes, secret: str) -> tuple[int, dict[str, object]]:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {secret}".encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/orders/check/",
        "query_string": b"",
        "headers": headers,
    }
    await application(scope, receive, send)  # type: ignore[operator]
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_without_a_gate_the_web_says_that_the_order_is_refused() -> None:
    status, answer = await asked_of(forwarded(nothing, host="127.0.0.1", port=pick_free()), b"{}", "x")
    assert (status, answer["type"]) == (503, "urn:riskdesk:problem:gate-away")


@pytest.mark.parametrize(("choice", "allowed"), [(Unreachable.REFUSE, False), (Unreachable.ALLOW, True)])
def test_the_client_does_what_it_was_told_where_there_is_no_gate(choice: Unreachable, allowed: bool) -> None:
    gate = Gate(f"http://127.0.0.1:{pick_free()}", "x", timeout_seconds=0.1, unreachable=choice)
    verdict = gate.check(Order("n-1", "ACME-1", "BTC-PERP", "buy", "1"))
    assert (verdict.allowed, verdict.unchecked) == (allowed, True)
    assert [one.allowed for one in gate.check_many([Order("n-2", "ACME-1", "BTC-PERP", "buy", "1")])] == [
        allowed
    ]
    with pytest.raises(NoAnswer):
        gate.tell("n-1", "cancelled")


@pytest.mark.system
def test_two_gates_share_the_accounts_by_shard(fresh: Small, tmp_path: Path) -> None:
    second = factories.sub_account("ZEDD-1", of=factories.client("ZEDD", of=fresh.desk, shard_number=2))
    factories.balance(second, "10000")
    gates = {1: Process(tmp_path, GATE_SHARDS="1"), 2: Process(tmp_path, GATE_SHARDS="2")}
    try:
        for gate in gates.values():
            gate.await_ready()
        for shard, account in ((1, "ACME-1"), (2, "ZEDD-1")):
            own, other = (
                Gate(f"http://127.0.0.1:{gates[n].port}", fresh.secret, 5.0) for n in (shard, 3 - shard)
            )
            order = Order(f"s-{shard}", account, "BTC-PERP", "buy", "1")
            assert own.check(order).allowed
            other.timeout_seconds = 0.2
            assert other.check(order).unchecked
            own.close()
            other.close()
    finally:
        for gate in gates.values():
            gate.end()
    assert OrderDecision.objects.count() == 2
