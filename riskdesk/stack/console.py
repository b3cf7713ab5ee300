"""One readable stream out of many: `name | line`, coloured on a terminal.

Takes lines from any child; writes them from a thread of its own, so that a reader who stopped reading
(a full pipe, a closed terminal) never stops the desk: what finds no room is dropped and counted.
"""

import os
import queue
import sys
import threading
import time

COLOURS = (36, 32, 35, 34, 33, 96, 92, 95, 94)
ROOM_LINES = 5_000
NAME_WIDTH = 9


class Console:
    def __init__(self, descriptor: int | None = None, *, shows_output: bool = True) -> None:
        self.shows_output = shows_output
        self.descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self.coloured = os.isatty(self.descriptor) and "NO_COLOR" not in os.environ
        self.lines: queue.Queue[bytes] = queue.Queue(maxsize=ROOM_LINES)
        self.colour_of: dict[str, int] = {}
        self.dropped = 0
        self.broken = False
        threading.Thread(target=self._write_on, daemon=True, name="console").start()

    def say(self, name: str, text: str) -> None:
        """One line under a child's name."""
        self.plain(f"{self._label(name)} {text}")

    def plain(self, text: str) -> None:
        """One line as it is."""
        try:
            self.lines.put_nowait(f"{text}\n".encode(errors="replace"))
        except queue.Full:
            self.dropped += 1

    def drain(self, timeout_seconds: float = 1.0) -> None:
        """Wait until what was said is written, but not for a reader who doesn't read."""
        deadline = time.monotonic() + timeout_seconds
        while self.lines.unfinished_tasks and not self.broken and time.monotonic() < deadline:
            time.sleep(0.01)

    def _label(self, name: str) -> str:
        label = f"{name:<{NAME_WIDTH}} |"
        if not self.coloured:
            return label
        colour = self.colour_of.setdefault(name, COLOURS[len(self.colour_of) % len(COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write_on(self) -> None:
        while True:
            line = self.lines.get()
            self._write(line)
            if self.dropped and self.lines.empty():
                missed, self.dropped = self.dropped, 0
                self._write(f"({missed} lines were not shown: nobody was reading)\n".encode())
            self.lines.task_done()

    def _write(self, line: bytes) -> None:
        try:
            while line and not self.broken:
                line = line[os.write(self.descriptor, line) :]
        except OSError:
            self.broken = True  # nobody will ever read this again; the desk goes on
