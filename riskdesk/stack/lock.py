"""One desk per data folder.

Takes the folder; gives a held lock, or a sentence naming the process that holds it. The lock is the
kernel's (flock), so it cannot be left behind; the reaper inherits it and lets go when all is cleared.
"""

import fcntl
import os
import time
from pathlib import Path

from riskdesk.stack.trouble import Trouble, explain

CLEARING_SECONDS = 15.0


class FolderLock:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise explain(error, doing=f"locking the data folder {folder}") from error
        self._take(folder)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. Nothing is deleted: a waiting start may already hold the same file open."""
        os.close(self.descriptor)

    def _take(self, folder: Path) -> None:
        deadline = time.monotonic() + CLEARING_SECONDS
        while not self._try():
            holder = self._holder()
            if (holder is not None and process_lives(holder)) or time.monotonic() > deadline:
                raise in_use(folder, holder)
            time.sleep(0.1)  # the holder is dead and its reaper is still clearing up

    def _try(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        text = os.pread(self.descriptor, 32, 0).decode().strip()
        return int(text) if text.isdigit() else None


def in_use(folder: Path, holder: int | None) -> Trouble:
    return Trouble(
        f"The data folder {folder} is in use by another desk (pid {holder}): "
        "stop that one first, or choose another folder with DATA_DIR=... and other ports."
    )


def process_lives(pid: int) -> bool:
    """Is there such a process, and is it more than a zombie?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
