"""The services of a desk that is running on a data folder, for commands started beside it.

The launcher leaves the URLs in a private file while it lives; `manage.py` in another terminal finds them
there and needs no variables. Gives nothing when no desk runs.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from riskdesk.stack.lock import process_lives
from riskdesk.stack.places import write_private

FILE = "running.json"


def announce(data: Path, variables: Mapping[str, str]) -> None:
    """Tell commands on the same data folder where the services are."""
    write_private(data / FILE, json.dumps({"pid": os.getpid(), "variables": dict(variables)}))


def withdraw(data: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        (data / FILE).unlink()


def find_running(data: Path) -> dict[str, str]:
    """The variables of the desk running there; empty when none does or we may not read them."""
    note = _note(data)
    return dict(note["variables"]) if note else {}


def running_pid(data: Path) -> int | None:
    """The launcher that works on the folder, if we may know."""
    note = _note(data)
    return int(note["pid"]) if note else None


def _note(data: Path) -> dict[str, Any] | None:
    try:
        note: dict[str, Any] = json.loads((data / FILE).read_text())
    except (OSError, ValueError):
        return None
    return note if process_lives(note["pid"]) else None
