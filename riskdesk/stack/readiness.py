"""Asks the desk whether it is ready, beside the supervisor's loop.

Takes the address of /readyz; gives True once it answered 200, and until then the last reason it gave. Goes
on asking /healthz and touches the web process's heartbeat file, so that a web that lives but does not
answer is replaced.
"""

import contextlib
import http.client
import json
import threading
from collections.abc import Sequence
from pathlib import Path

from riskdesk.stack.ports import LOOPBACK

ASK_EVERY_SECONDS = 0.3
HEALTH_EVERY_SECONDS = 5.0
ANSWER_WITHIN_SECONDS = 5.0


class Readiness:
    def __init__(self, *, host: str, port: int, name: str, heartbeat: Path) -> None:
        self.host, self.port, self.name, self.heartbeat = host, port, name, heartbeat
        self.is_ready = False
        self.reason = "the web process does not answer yet"
        self.stopped = threading.Event()
        threading.Thread(target=self._ask_on, daemon=True, name="readiness").start()

    def _ask_on(self) -> None:
        while not self.is_ready and not self.stopped.wait(ASK_EVERY_SECONDS):
            self.is_ready = self._ask("/readyz") == 200
        while not self.stopped.wait(HEALTH_EVERY_SECONDS):
            self._ask("/healthz")

    def _ask(self, path: str) -> int | None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_WITHIN_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": self.name})
            answer = connection.getresponse()
            if path == "/readyz" and answer.status != 200:
                self.reason = _reason(answer.status, answer.read(4096))
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        with contextlib.suppress(OSError):  # a full disk ends no thread: it goes on asking
            self.heartbeat.touch()
        return answer.status


def known_name(allowed_hosts: Sequence[str]) -> str:
    """A host name that web answers to: whoever asks at an address is refused."""
    names = [name.removeprefix(".") for name in allowed_hosts if name != "*"]
    return LOOPBACK if LOOPBACK in names or not names else names[0]


def _reason(status: int, body: bytes) -> str:
    """The words of a problem document, else the status."""
    try:
        problem = json.loads(body)
    except ValueError:
        return f"/readyz answers {status}"
    said = problem.get("detail") or problem.get("reason") if isinstance(problem, dict) else None
    return str(said or problem)[:300]
