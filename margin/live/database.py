"""How sockets ask the database: off the event loop, in a few threads of their own, connections closed after
each ask.
"""

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async

MOST_CONNECTIONS = 4
_threads = ThreadPoolExecutor(max_workers=MOST_CONNECTIONS, thread_name_prefix="live-database")
P = ParamSpec("P")
R = TypeVar("R")


def in_database(ask: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The same function, awaitable."""
    awaitable: Callable[P, Coroutine[Any, Any, R]] = database_sync_to_async(
        ask, thread_sensitive=False, executor=_threads
    )
    return awaitable
