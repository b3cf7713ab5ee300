"""A message as a worker holds it: one whose end cannot be told to the broker makes the worker connect anew.

Takes Celery's request; gives one that does not swallow a lost broker. Celery logs the failed acknowledgement
and goes on; but a worker that takes one message at a time still counts that one as held, asks for no other,
has thus no open read that would notice the loss, and stays deaf for ever.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from celery.utils.log import get_logger
from celery.worker.request import Request
from kombu.asynchronous import get_event_loop

logger = get_logger(__name__)


class ReceivedMessage(Request):
    """Named in the application's task class. The broker hands the message out again: it is a hint, done twice
    as safely as once.
    """

    acknowledged: bool

    def acknowledge(self) -> None:
        if not self.acknowledged:
            self._or_connect_anew(self._on_ack)
            self.acknowledged = True

    def reject(self, requeue: bool = False) -> None:
        if not self.acknowledged:
            self._or_connect_anew(self._on_reject, requeue)
            self.acknowledged = True
            self.send_event("task-rejected", requeue=requeue)

    def _or_connect_anew(self, tell: Callable[..., None], *words: Any) -> None:
        """Told no errors to swallow, it raises; raised again in the worker's loop, Celery mends itself."""
        try:
            tell(logger, (), *words)
        except self.connection_errors as lost:
            logger.warning("cannot tell the broker that %s is done: connecting anew (%s)", self.id, lost)
            if loop := get_event_loop():
                loop.call_soon(_raise, lost)  # type: ignore[no-untyped-call]  # of Celery


def _raise(fault: Exception) -> NoReturn:
    raise fault
