"""The supervisor's line to its reaper process: starts it, tells it what to watch, lets it end."""

import contextlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from riskdesk.errors import sure
from riskdesk.stack import reaper
from riskdesk.stack.child import Child

STARTED = "it was started with a pipe"


class Watchman:
    def __init__(self, mark: str, *, lock_descriptors: Iterable[int]) -> None:
        self.mark = mark
        self.lock_descriptors = tuple(lock_descriptors)
        self.process = self._start()

    def watch(self, child: Child) -> None:
        self._tell(f"watch {child.pid} {int(child.part.death_signal)}")

    def forget(self, child: Child) -> None:
        self._tell(f"forget {child.pid}")

    def revive(self, children: Iterable[Child]) -> None:
        """Start it again should it have died, with all it needs to know."""
        if self.process.poll() is not None:
            self._hang_up()
            self.process = self._start()
            for child in children:
                self.watch(child)

    def dismiss(self) -> None:
        """The end of its input is its sign to sweep once more: after an orderly stop it finds nothing."""
        self._hang_up()
        try:
            self.process.wait(reaper.GRACE_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(reaper.__file__)), self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            pass_fds=self.lock_descriptors,
        )

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            ear = sure(self.process.stdin, STARTED)
            ear.write(f"{line}\n".encode())
            ear.flush()

    def _hang_up(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            sure(self.process.stdin, STARTED).close()
