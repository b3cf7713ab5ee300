"""One supervised program: how it is started, read, signalled and found deaf.

Takes a `Part` (what to run); gives a running child with its output. Decides nothing about restarts.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from riskdesk.errors import sure
from riskdesk.stack.account import Account, identity_of
from riskdesk.stack.death import death_hook
from riskdesk.stack.output import Output
from riskdesk.stack.trouble import Trouble, explain

SLOW_START_FACTOR = 3  # a first beat may take longer: imports, compilation, an empty queue

AWAY_SECONDS = 5.0
"""Who looks ten times a second and did not for so long was stopped, and its children most likely with it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A program of the desk. Services stop last, and gently also when the supervisor was killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    account: Account | None = None
    service: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 5.0
    shows: Callable[[str], bool] = lambda line: True
    heartbeat: Path | None = None
    deaf_after_seconds: float = 60.0
    before_restart: Callable[[], None] = lambda: None


class Child:
    def __init__(self, part: Part) -> None:
        self.part = part
        self.started_at = time.monotonic()
        self._beat = self._last_beat()  # one left by a former child counts for nothing
        self._beat_seen_at = self._looked_at = self.started_at
        self._has_beaten = False
        self.process = self._spawn()
        self.output = Output(sure(self.process.stdout, "it was started with a pipe"))

    @property
    def pid(self) -> int:
        return self.process.pid

    def ended(self) -> bool:
        return self.process.poll() is not None

    def how_it_ended(self) -> str:
        code = self.process.returncode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def ask_to_stop(self) -> None:
        """The part's own signal to its first process, which ends its own children in order."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.part.stop_signal)

    def kill_group(self) -> None:
        """End the child and whatever it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def lived_seconds(self) -> float:
        return time.monotonic() - self.started_at

    def is_deaf(self) -> bool:
        """Has its heartbeat file stood still too long? By our monotonic clock, not by the file's time."""
        if self.part.heartbeat is None:
            return False
        now = time.monotonic()
        if (unwatched := now - self._looked_at) > AWAY_SECONDS:
            self._beat_seen_at += unwatched
        self._looked_at = now
        if (beat := self._last_beat()) != self._beat:
            self._beat, self._beat_seen_at, self._has_beaten = beat, now, True
        patience = self.part.deaf_after_seconds * (1 if self._has_beaten else SLOW_START_FACTOR)
        return now - self._beat_seen_at > patience

    def _last_beat(self) -> int | None:
        try:
            return self.part.heartbeat.stat().st_mtime_ns if self.part.heartbeat else None
        except FileNotFoundError:
            return None

    def _spawn(self) -> subprocess.Popen[bytes]:
        part = self.part
        try:
            return subprocess.Popen(
                list(part.command),
                env=dict(part.environment),
                cwd=part.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=death_hook(part.death_signal),
                **identity_of(part.account),
            )
        except FileNotFoundError as error:
            raise Trouble(
                f"The program {part.command[0]} of '{part.name}' is missing: run make setup."
            ) from error
        except OSError as error:
            raise explain(error, doing=f"starting {part.name}") from error
