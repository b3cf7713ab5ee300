"""The gate's addresses on the web's own port: handed on to the gate, and its answer handed back.

Takes an ASGI application and where the gate listens; gives one that hands on what begins with
`/api/v1/orders/`. It judges nothing and keeps nothing: token, body and order are the gate's to judge. Without
an answer it says 503, which a platform takes as a refusal. Who is in a hurry asks the gate itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import structlog

from riskdesk.body import Application, Message, Receive, Send
from riskdesk.problems import CONTENT_TYPE, problem

PATHS = "/api/v1/orders/"
PASSED = (b"authorization", b"content-type", b"content-encoding", b"content-length")
CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 30.0
AWAY = problem(503, "gate-away", "The gate does not answer: treat this order as refused.")
log = structlog.get_logger(__name__)


class GateAway(Exception):
    """It ended the connection before a whole answer had come."""


def forwarded(inner: Application, *, host: str, port: int) -> Application:
    """The application beside the gate's addresses."""

    async def served(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATHS):
            await inner(scope, receive, send)
            return
        try:
            status, headers, body = await asyncio.wait_for(_ask(scope, receive, host, port), ANSWER_SECONDS)
        except (OSError, TimeoutError, GateAway, asyncio.IncompleteReadError, ValueError) as error:
            log.warning("gate.away", path=scope["path"], error=str(error)[:200])
            status, body = 503, json.dumps(AWAY).encode()
            headers = [(b"content-type", CONTENT_TYPE.encode()), (b"retry-after", b"1")]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return served


async def _ask(
    scope: Message, receive: Receive, host: str, port: int
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
    try:
        writer.write(_head(scope))
        chunked = b"content-length" not in dict(scope["headers"])
        async for piece in _pieces(receive):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
            if reader.at_eof():
                break
        if chunked:
            writer.write(b"0\r\n\r\n")
        return await _answer(reader)
    except (ConnectionResetError, BrokenPipeError):
        return await _answer(reader)  # it may have answered before it had read the whole
    finally:
        writer.close()


def _head(scope: Message) -> bytes:
    """One request a connection; of the headers only what the gate judges by."""
    query = b"?" + scope["query_string"] if scope.get("query_string") else b""
    path = scope.get("raw_path") or scope["path"].encode("latin-1", "replace")
    lines = [b"%b %b%b HTTP/1.1" % (scope["method"].encode(), path.split(b"?")[0], query), b"host: gate"]
    given = dict(scope["headers"])
    lines += [b"%b: %b" % (name, given[name]) for name in PASSED if name in given]
    if b"content-length" not in given:
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GateAway("whoever asked has gone")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _answer(reader: asyncio.StreamReader) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The gate always says how long its answer is."""
    words = (await reader.readline()).split(b" ", 2)
    if len(words) < 2:
        raise GateAway("it said nothing")
    headers, length = [], 0
    while line := (await reader.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() not in (b"connection", b"date", b"server", b"transfer-encoding"):
            headers.append((name.lower(), value.strip()))
    return int(words[1]), headers, await reader.readexactly(length)
