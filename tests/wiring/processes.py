"""Real workers and clocks against the test database, each with its log read as it comes."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from tests.wiring.production import ROOT

PATIENCE_SECONDS = 90  # of a machine that does much else; a healthy one needs two or three


def until(ask: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> object:
    """Ask until the answer is true; gives it."""
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
    return found


def private_broker() -> str:
    """A database of the test's Valkey that no other test uses."""
    parts = urlsplit(settings.CELERY_BROKER_URL)
    number = 8 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8
    return urlunsplit(parts._replace(path=f"/{number}"))


def environment() -> dict[str, str]:
    known = connection.settings_dict
    user, password = quote(known["USER"], safe=""), quote(known["PASSWORD"], safe="")
    place = f"{known['HOST']}:{known['PORT']}/{known['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql://{user}:{password}@{place}",
        "REDIS_URL": private_broker(),
        "LOG_LEVEL": "DEBUG",
        "PYTHONWARNINGS": "ignore",
    }


class Process:
    """`celery -A riskdesk ...`; its lines are parsed as they come."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        self.lines: list[dict[str, object]] = []
        self.odd: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "riskdesk", "--quiet", *arguments],
            cwd=ROOT,
            env={**environment(), **variables},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.odd.append(line)

    def said(self, event: str) -> list[dict[str, object]]:
        return [line for line in list(self.lines) if line["event"] == event]

    def end(self) -> int:
        """Ask it to stop, as the launcher does; gives its exit code."""
        self.process.terminate()
        code = self.process.wait(PATIENCE_SECONDS)
        self.reader.join(5)
        assert self.process.stderr
        self.process.stderr.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        self.reader.join(5)
        assert self.process.stderr
        self.process.stderr.close()
