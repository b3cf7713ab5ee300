"""A gate in the test's own process, asked as a server would ask it, over a small desk."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from accounts import tokens
from accounts.models import Client, Desk, Role, SubAccount, User
from margin.gate.app import BATCH, CHECK, ORDERS, Application
from margin.models import Instrument
from tests import factories

PATIENCE_SECONDS = 60


@dataclass
class Small:
    """ACME-1 with 10,000 USD; BTC at 60,000 in lots of 0.001, 2 % initial, 1 % maintenance; a cap of 100."""

    desk: Desk
    client: Client
    account: SubAccount
    btc: Instrument
    rita: User
    secret: str


def make_small(*, cash: str = "10000", cap: str | None = "100", **btc: Any) -> Small:
    desk = factories.desk()
    client = factories.client("ACME", of=desk)
    account = factories.sub_account("ACME-1", of=client)
    traded = factories.instrument("BTC-PERP", **btc)
    factories.quote(traded, "60000")
    factories.balance(account, cash)
    if cap:
        factories.limit(desk, cap)
    rita = factories.person("rita")
    factories.grant(rita, desk, Role.RISK_MANAGER)
    return Small(desk, client, account, traded, rita, secret_of(rita))


def secret_of(person: User, *scopes: str, name: str = "platform") -> str:
    issued = tokens.issue(person=person, name=name, scopes=scopes)
    assert isinstance(issued, tokens.Issued), issued
    return issued.secret


@dataclass
class House:
    """A running gate and how it is asked."""

    application: Application
    secret: str = ""
    answers: list[Any] = field(default_factory=list)

    async def send(
        self,
        path: str,
        body: bytes,
        *,
        secret: str | None = None,
        method: str = "POST",
        query: str = "",
        **headers: str,
    ) -> tuple[int, dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        said = {
            "content-type": "application/json",
            "authorization": f"Bearer {secret or self.secret}",
            **headers,
        }
        scope = {
            "type": "http",
            "path": path,
            "method": method,
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in said.items() if value
            ],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])

    async def check(self, order_id: str, quantity: str, **more: Any) -> tuple[int, dict[str, Any]]:
        return await self.send(CHECK, json.dumps(an_order(order_id, quantity, **more)).encode())

    async def allowed(self, order_id: str, quantity: str, **more: Any) -> str:
        """The decision, and of less than all how much."""
        status, answer = await self.check(order_id, quantity, **more)
        assert status == 200, answer
        return f"{answer['decision']} {answer['quantity']}"

    async def batch(
        self, orders: list[dict[str, Any]], *, figures: bool = True
    ) -> tuple[int, dict[str, Any]]:
        query = "" if figures else "figures=false"
        return await self.send(BATCH, json.dumps({"orders": orders}).encode(), query=query)

    async def tell(self, order_id: str, event: str, as_of: Any, **more: Any) -> tuple[int, dict[str, Any]]:
        body = {"event": event, "as_of": as_of.isoformat(), **more}
        return await self.send(f"{ORDERS}{order_id}/events/", json.dumps(body).encode())

    async def looks(self) -> None:
        """Until the gate has looked at the desk once more, from beginning to end."""
        gate = self.application.gate
        for _ in range(2):
            seen = gate.standing.looked_at
            while not (gate.ready and gate.standing.looked_at > seen):
                await asyncio.sleep(0.005)


def an_order(order_id: str, quantity: str, *, side: str = "buy", **more: Any) -> dict[str, Any]:
    order = {
        "order_id": order_id,
        "account": "ACME-1",
        "instrument": "BTC-PERP",
        "side": side,
        "quantity": quantity,
    }
    return {**order, **more}


async def until(question: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not question():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


@asynccontextmanager
async def running(small: Small | None = None) -> AsyncIterator[House]:
    """A gate that has taken its shards over."""
    application = Application()
    application.start()
    try:
        await until(lambda: application.gate.ready or application.keeping.done())
        yield House(application, small.secret if small else "")
    finally:
        await application.stop()
