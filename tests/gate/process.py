"""Real gate processes on the test database, and platforms that ask them without pause."""

import http.client
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskdesk.stack.ports import pick_free
from tests.gate.harness import an_order
from tests.wiring.processes import environment
from tests.wiring.production import ROOT

PATIENCE_SECONDS = 90.0  # of a machine that does much else
GATE = "margin.gate.serve:application"
Answer = dict[str, Any]


class Process:
    """One gate behind one port."""

    def __init__(self, data: Path, *, application: str = GATE, **variables: str) -> None:
        self.port = pick_free()
        self.process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "uvicorn",
                    application,
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(self.port),
                ),
                *("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "3"),
            ],
            cwd=ROOT,
            env={**environment(), "DATA_DIR": str(data), "LOG_LEVEL": "ERROR", **variables},
        )

    def await_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.status("/readyz") != 200:
            assert self.process.poll() is None, "the gate ended"
            assert time.monotonic() < deadline, "the gate did not become ready"
            time.sleep(0.05)

    def status(self, path: str) -> int | None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", path)
            status = connection.getresponse().status
            connection.close()
        except OSError:
            return None
        return status

    def end(self, *, killed: bool = False) -> None:
        if self.process.poll() is None:
            (self.process.kill if killed else self.process.terminate)()
        self.process.wait(PATIENCE_SECONDS)


@dataclass
class Platform:
    """Asks for small orders over several connections; keeps every answer it got, and what it asked for."""

    secret: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    wanted: int = 0

    def ask(self, connection: http.client.HTTPConnection, name: str) -> Answer | None:
        """None: no answer came, or none that counts."""
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/orders/check/", json.dumps(an_order(name, "0.01")), headers)
        answer = connection.getresponse()
        body = answer.read()
        return json.loads(body) if answer.status == 200 else None

    def _go_on(self, port: int, who: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with suppress(OSError, http.client.HTTPException):
            for number in range(100_000):
                if self.enough.is_set():
                    break
                name = f"{who}-{number}"
                self.asked.append(name)
                if (answer := self.ask(connection, name)) is not None:
                    self.answers[name] = answer
                if len(self.answers) >= self.wanted:
                    self.reached.set()
        connection.close()

    def load(self, process: Process, *, until_answers: int, name: str, connections: int = 8) -> None:
        """Ask without pause, and kill the gate in the middle of it."""
        self.enough.clear()
        self.reached.clear()
        self.wanted = len(self.answers) + until_answers
        threads = [
            threading.Thread(target=self._go_on, args=(process.port, f"{name}.{number}"))
            for number in range(connections)
        ]
        for thread in threads:
            thread.start()
        self.reached.wait(PATIENCE_SECONDS)
        process.end(killed=True)
        self.enough.set()
        for thread in threads:
            thread.join()
