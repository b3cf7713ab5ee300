"""Children that do not outlive their parent.

Gives a hook for `subprocess` that asks the kernel to signal the child when its parent dies (Linux), and
the family mark, an environment variable by which the reaper finds descendants of any depth.
"""

import ctypes
import os
import secrets
import signal
import sys
from collections.abc import Callable

FAMILY = "RISKDESK_FAMILY"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Ask for a signal when the parent dies. A change of user clears it, so call it after that."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def death_hook(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` (run after the change of user) that also notices a parent already gone."""
    parent = os.getpid()

    def hook() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return hook


def new_family_mark() -> str:
    return secrets.token_hex(16)


def marked(environment: dict[str, str], mark: str) -> dict[str, str]:
    """The environment with our mark added, once however often its child starts, to those around us."""
    outer = [one for one in environment.get(FAMILY, "").split(":") if one and one != mark]
    return {**environment, FAMILY: ":".join([*outer, mark])}
