"""The gate over HTTP, with tokens, reservations and durable decisions; the load comes from the same machine.

Over the demo's larger desk, whose prices go on moving: 2,200 accounts, 9,000 positions. `single`: as many as
64 connections can ask, one order a request. `loaded`: 3,000 a second, each due at its own instant, while
cycles run without pause in a process of one thread; counted from when it was due. `batch`: 1,000 a request.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from random import Random
from typing import cast

from accounts.models import User
from accounts.tokens import Issued, issue
from margin.demo.seed import seed_demo
from margin.models import PositionVersion
from riskdesk import clock
from riskdesk.stack.ports import pick_free
from tests.benchmarks.timing import Results, result

CONNECTIONS, SECONDS = 64, 6.0
PER_SECOND, LOADED_SECONDS = 3_000, 4.0
BATCH, BATCHES = 1_000, 5
numbers = count()


def gate() -> Results:
    seed_demo(size="desk", seed=7, now=clock.now())
    secrets = {name: secret_of(name) for name in ("rita", "otto")}
    orders = Orders(secrets)
    with running(cycles=False) as port:
        single = asyncio.run(as_many_as_can_be(port, orders))
        full = asyncio.run(batches(port, orders, "?figures=true"))
        bare = asyncio.run(batches(port, orders, "?figures=false"))
    with running(cycles=True) as port:
        late = asyncio.run(on_time(port, orders))
    return {
        "gate.single_per_s": result(single, "1/s"),
        "gate.loaded_p50_ms": result(statistics.median(late), "ms"),
        "gate.loaded_p99_ms": result(statistics.quantiles(late, n=100)[-1], "ms"),
        "gate.batch_per_s": result(full, "1/s"),
        "gate.batch_bare_per_s": result(bare, "1/s"),
    }


def secret_of(name: str) -> str:
    issued = issue(person=User.objects.get(username=name), name=f"bench {next(numbers)}")
    if not isinstance(issued, Issued):
        raise SystemExit(issued.message)
    return issued.secret


class Orders:
    """Small orders in what an account holds, half of them closing; never the same name twice."""

    def __init__(self, secrets: dict[str, str]) -> None:
        rows = PositionVersion.objects.filter(revision_to__isnull=True).values_list(
            "sub_account__code", "instrument__code", "instrument__lot", "mode", "ref",
            "sub_account__client__desk__code",
        )  # fmt: skip
        self.rows, self.random = list(rows), Random(7)
        self.secrets = {"PRIME": secrets["rita"], "RETAIL": secrets["otto"]}

    def one(self, desk: str = "") -> tuple[str, dict[str, str]]:
        while True:
            account, instrument, lot, mode, ref, own = self.random.choice(self.rows)
            if desk in ("", own):
                break
        order = {
            "order_id": f"b-{next(numbers)}-{time.monotonic_ns()}", "account": account,
            "instrument": instrument, "side": self.random.choice(["buy", "sell"]),
            "quantity": f"{lot.normalize():f}", "mode": mode, "ref": ref,
        }  # fmt: skip
        return self.secrets[own], order

    def request(self) -> bytes:
        secret, order = self.one()
        return posted("/api/v1/orders/check/", secret, json.dumps(order).encode())

    def batch(self, query: str) -> bytes:
        orders = [self.one("PRIME")[1] for _ in range(BATCH)]
        path = f"/api/v1/orders/check/batch/{query}"
        return posted(path, self.secrets["PRIME"], json.dumps({"orders": orders}).encode())


def posted(path: str, secret: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {secret}\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


class Asker(asyncio.Protocol):
    """One connection: a request at a time, and what to do when its answer is whole."""

    def __init__(self) -> None:
        self.buffer, self.wanted = b"", 0
        self.done: Callable[[int], None] = lambda status: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes, done: Callable[[int], None]) -> None:
        self.done = done
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.wanted:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self.buffer.find(b"content-length: ") + 16
            self.wanted = end + 4 + int(self.buffer[at : self.buffer.find(b"\r\n", at)])
        if len(self.buffer) >= self.wanted:
            status, self.buffer, self.wanted = int(self.buffer[9:12]), self.buffer[self.wanted :], 0
            self.done(status)


async def askers(port: int, number: int) -> list[Asker]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Asker, "127.0.0.1", port) for _ in range(number)]
    return [asker for _, asker in made]


async def as_many_as_can_be(port: int, orders: Orders) -> float:
    requests = [orders.request() for _ in range(60_000)]
    waiting, answered = iter(requests), 0
    end = time.perf_counter() + SECONDS

    def go_on(asker: Asker, status: int) -> None:
        nonlocal answered
        answered += status == 200
        if time.perf_counter() < end and (request := next(waiting, None)):
            asker.ask(request, lambda found: go_on(asker, found))

    began = time.perf_counter()
    for asker in await askers(port, CONNECTIONS):
        go_on(asker, 0)
    while time.perf_counter() < end:
        await asyncio.sleep(0.1)
    return answered / (time.perf_counter() - began)


async def on_time(port: int, orders: Orders) -> list[float]:
    """Each is due at an instant of its own; one that finds no connection free waits, and that counts."""
    requests = [orders.request() for _ in range(int(PER_SECOND * LOADED_SECONDS))]
    free = await askers(port, 256)
    late: list[float] = []

    def back(asker: Asker, due: float, _status: int) -> None:
        late.append((time.perf_counter() - due) * 1000)
        free.append(asker)

    began = time.perf_counter()
    for number, request in enumerate(requests):
        due = began + number / PER_SECOND
        while time.perf_counter() < due or not free:
            await asyncio.sleep(0.0002)
        asker = free.pop()
        asker.ask(request, partial(back, asker, due))
    while len(late) < len(requests):
        await asyncio.sleep(0.01)
    return late[len(late) // 6 :]


async def batches(port: int, orders: Orders, query: str) -> float:
    requests = [orders.batch(query) for _ in range(BATCHES)]
    asker = (await askers(port, 1))[0]
    began = time.perf_counter()
    for request in requests:
        answered = asyncio.get_running_loop().create_future()
        asker.ask(request, answered.set_result)
        if await answered != 200:
            raise SystemExit("a batch was refused")
    return BATCH * len(requests) / (time.perf_counter() - began)


@contextmanager
def running(*, cycles: bool) -> Iterator[int]:
    """The gate, and prices that go on moving, with cycles after each of them or without."""
    port = pick_free()
    serve = ["-m", "uvicorn", "margin.gate.serve:application", "--port", str(port), "--no-access-log"]
    started = [
        subprocess.Popen([sys.executable, "-m", "tests.benchmarks.moving", "cycles" if cycles else "feed"]),
        subprocess.Popen([sys.executable, *serve, "--log-level", "warning"]),
    ]
    try:
        asyncio.run(ready(port))
        yield port
    finally:
        for process in started:
            process.terminate()
            process.wait(30)


async def ready(port: int) -> None:
    for _ in range(600):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n")
            said = await reader.readline()
            writer.close()
            if b" 200 " in said:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the gate did not become ready")
