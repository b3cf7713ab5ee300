"""A client of the gate in one file: copy it into a platform. It needs Python 3.11 and nothing else.

    gate = Gate("http://127.0.0.1:8001", token)
    verdict = gate.check(Order("ord-1", "ACME-1", "BTC-PERP", "buy", "0.5", price="60000"))
    if verdict.allowed: ...send it...
    gate.tell("ord-1", "filled", filled_quantity="0.5", price="60000")

Asking again under the same order id is safe, so an answer that did not come is asked for again until the
deadline. What then happens is the platform's choice: `Unreachable.REFUSE` (fail closed) or `ALLOW` (fail
open, marked `unchecked`, for the platform's own record). It never allows what the gate refused. `AsyncGate`
is the same for programs that must not wait.
"""

import asyncio
import http.client
import json
import queue
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal
from urllib.parse import quote, urlsplit

CHECK, BATCH, ORDERS = "/api/v1/orders/check/", "/api/v1/orders/check/batch/", "/api/v1/orders/"
PAUSE_SECONDS = 0.05
AGAIN = frozenset({429, 500, 502, 503, 504})
Side = Literal["buy", "sell"]
Event = Literal["partial", "filled", "cancelled", "expired"]


class Unreachable(Enum):
    """What an order is told when the gate does not answer in time."""

    REFUSE = "refuse"
    ALLOW = "allow"


class GateProblem(Exception):
    """The gate refused the question itself: `status`, and `errors` with field, rule, value, message."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("detail", f"HTTP {status}"))
        self.status, self.body = status, body
        self.errors: list[dict[str, str]] = body.get("errors", [])


class NoAnswer(Exception):
    """No answer within the time there was."""


@dataclass(frozen=True, slots=True)
class Order:
    """Decimals are texts; `mode`, `isolated_margin` and `ref` may be left to the account."""

    order_id: str
    account: str
    instrument: str
    side: Side
    quantity: str
    price: str | None = None
    mode: Literal["cross", "isolated"] | None = None
    isolated_margin: str | None = None
    ref: str | None = None

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`quantity` may be sent if `allowed`; of a `reduce_to` it is what a new order may ask for."""

    order_id: str
    decision: Literal["allow", "reduce_to", "reject"]
    quantity: str
    reasons: list[dict[str, Any]]
    unchecked: bool = False
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def allowed(self) -> bool:
        return self.decision == "allow"


@dataclass(slots=True)
class Gate:
    """Safe to share between threads: whoever asks takes a connection that is free, or makes one."""

    address: str
    token: str
    timeout_seconds: float = 2.0
    unreachable: Unreachable = Unreachable.REFUSE
    _free: "queue.SimpleQueue[http.client.HTTPConnection]" = field(default_factory=queue.SimpleQueue)

    def check(self, order: Order) -> Verdict:
        """Raises `GateProblem` where the question was wrong; an account that is none is a refusal."""
        try:
            return _verdict(self._post(CHECK, order.as_json()))
        except NoAnswer as error:
            return _without(order, self.unreachable, str(error))
        except GateProblem as problem:
            if problem.body.get("decision") != "reject":
                raise
            return Verdict(order.order_id, "reject", "0", problem.body["reasons"], answer=problem.body)

    def check_many(self, orders: list[Order], *, figures: bool = False) -> list[Verdict]:
        """One after the other in their order; at most 100,000."""
        path = BATCH if figures else f"{BATCH}?figures=false"
        try:
            answer = self._post(path, {"orders": [order.as_json() for order in orders]})
        except NoAnswer as error:
            return [_without(order, self.unreachable, str(error)) for order in orders]
        return [_verdict(one) for one in answer["results"]]

    def tell(
        self,
        order_id: str,
        event: Event,
        *,
        filled_quantity: str | None = None,
        price: str | None = None,
        as_of: datetime | None = None,
    ) -> None:
        """What became of an order; `filled_quantity` is all that was filled so far. Raises `NoAnswer`."""
        body = {"event": event, "as_of": (as_of or datetime.now(UTC)).isoformat()}
        body |= {"filled_quantity": filled_quantity} if filled_quantity is not None else {}
        body |= {"price": price} if price is not None else {}
        try:
            self._post(f"{ORDERS}{quote(order_id, safe='')}/events/", body)
        except GateProblem as problem:
            if not any(error["rule"] == "repeated" for error in problem.errors):
                raise  # a repetition was recorded already: an answer of ours was lost on its way

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Again and again until there is an answer or no time; every question here may be repeated."""
        deadline, why = time.monotonic() + self.timeout_seconds, ""
        while (left := deadline - time.monotonic()) > 0:
            try:
                status, answer = self._once(path, json.dumps(body).encode(), left)
            except (OSError, http.client.HTTPException, ValueError) as error:
                why = str(error) or type(error).__name__
            else:
                if status == 200:
                    return answer
                if status not in AGAIN:
                    raise GateProblem(status, answer)
                why = str(answer.get("detail", status))
            time.sleep(min(PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
        raise NoAnswer(f"no answer from the gate within {self.timeout_seconds} s: {why}")

    def _once(self, path: str, body: bytes, seconds: float) -> tuple[int, dict[str, Any]]:
        connection = self._connection()
        connection.timeout = seconds
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            found = answer.status, json.loads(answer.read() or b"{}")
        except BaseException:
            connection.close()
            raise
        self._free.put(connection)
        return found

    def _connection(self) -> http.client.HTTPConnection:
        with suppress(queue.Empty):
            return self._free.get_nowait()
        parts = urlsplit(self.address)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port)

    def close(self) -> None:
        """All connections that nobody is asking with."""
        with suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()


@dataclass(slots=True)
class AsyncGate:
    """The same questions, each in a thread of the event loop's own pool."""

    gate: Gate

    async def check(self, order: Order) -> Verdict:
        return await asyncio.to_thread(self.gate.check, order)

    async def check_many(self, orders: list[Order], *, figures: bool = False) -> list[Verdict]:
        return await asyncio.to_thread(self.gate.check_many, orders, figures=figures)

    async def tell(self, order_id: str, event: Event, **more: Any) -> None:
        await asyncio.to_thread(self.gate.tell, order_id, event, **more)


def _verdict(answer: dict[str, Any]) -> Verdict:
    return Verdict(
        answer["order_id"], answer["decision"], answer["quantity"], answer["reasons"], answer=answer
    )


def _without(order: Order, unreachable: Unreachable, why: str) -> Verdict:
    reason = {"code": "gate_unreachable", "limit": None, "measured": None, "allowed": None, "message": why}
    if unreachable is Unreachable.ALLOW:
        return Verdict(order.order_id, "allow", order.quantity, [reason], unchecked=True)
    return Verdict(order.order_id, "reject", "0", [reason], unchecked=True)
