"""Stopping with the parent, for a start by `make`.

make hands TERM on to its recipe, but an interrupt sent to make alone (not by the terminal, which reaches
everybody) it only waits out; killed outright it says nothing. Takes the parent's pid; says when it is
gone or was told to stop.
"""

import os
import signal
from pathlib import Path

from riskdesk.stack.death import die_with_parent


class ParentWatch:
    def __init__(self) -> None:
        self.pid = os.getppid()
        die_with_parent(signal.SIGTERM)
        self.caught_interrupts = self._catches_interrupts()

    def wants_us_stopped(self) -> bool:
        if os.getppid() != self.pid:
            return True
        return self.caught_interrupts and not self._catches_interrupts()

    def _catches_interrupts(self) -> bool:
        """Does the parent still have a handler for SIGINT? (make takes its own down when interrupted.)"""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return False
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
        return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
