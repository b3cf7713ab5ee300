"""The only words that cross the channel layer: "look, something is new". No figure travels here.

Takes a desk and the run that moved it; gives a message to every server process that shows the desk. A
layer that cannot be reached is logged and never raised: PostgreSQL is the truth, and the beat heals a
lost hint.
"""

import asyncio
import hashlib
from collections.abc import Iterable
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from riskdesk.broker import LAYER_FAULTS

log = structlog.get_logger(__name__)
SEND_SECONDS = 2.0


def group_of(kind: str, name: str) -> str:
    """A group's name on the layer: a fixed hash, whatever the code or the person is called."""
    return f"{kind}.{hashlib.sha256(name.encode()).hexdigest()[:40]}"


def desk_group(desk: str) -> str:
    return group_of("desk", desk)


def send_hints(desks: Iterable[str], shard: int, seq: int, run: str, *, alerts: bool = True) -> None:
    """Say that a run moved these desks, and whether their alerts changed too. Call after the commit."""
    message = {"type": "hint", "shard": shard, "seq": seq, "run": run, "alerts": alerts}
    _send([(desk_group(desk), message | {"desk": desk}) for desk in desks])


def send_alerts_changed(desk: str) -> None:
    """Say that alerts of a desk changed outside a run. Call after the commit."""
    _send([(desk_group(desk), {"type": "alerts", "desk": desk})])


def _send(messages: list[tuple[str, dict[str, Any]]]) -> None:
    try:
        async_to_sync(_send_all)(messages)
    except LAYER_FAULTS as error:
        log.warning("hint.not_sent", groups=len(messages), error=repr(error)[:200])


async def _send_all(messages: list[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(SEND_SECONDS):
        for group, message in messages:
            await layer.group_send(group, message)
