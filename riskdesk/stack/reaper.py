"""Clears away what a supervisor left behind when it was killed.

A process of its own that reads lines on standard input, `watch PGID SIGNAL` and `forget PGID`. At the end
of input the supervisor is gone, in whatever way: watched groups get their signal and, after a grace, KILL;
every process whose environment carries the family mark gets KILL. Runs as a plain file with nothing but
the standard library, and holds the data folder's lock (inherited) until it is done.
"""

import os
import signal
import sys
import time
from pathlib import Path

GRACE_SECONDS = 6.0
PAUSE_SECONDS = 0.05


def main(mark: str) -> None:
    for quiet in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(quiet, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        verb, group, *rest = line.split()
        if verb == "watch":
            groups[int(group)] = int(rest[0])
        else:
            groups.pop(int(group), None)
    sweep(mark, groups)


def sweep(mark: str, groups: dict[int, int]) -> None:
    """Signal everything left, then make sure."""
    for group, number in groups.items():
        send(group, number)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        strangers = [pid for pid in marked_processes(mark) if group_of(pid) not in groups]
        for pid in strangers:
            kill(pid)
        if not strangers and not any(send(group, 0) for group in groups):
            return
        time.sleep(PAUSE_SECONDS)
    for group in groups:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def marked_processes(mark: str) -> list[int]:
    """Living processes that inherited the mark (a zombie's environment reads as empty)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main(sys.argv[1])
