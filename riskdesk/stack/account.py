"""The unprivileged account that runs the database servers when we are root.

PostgreSQL refuses to run as root. Takes nothing but the system's account list; gives an `Account`, or
None for an ordinary user. Never changes the mode of a folder to make a path reachable.
"""

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from riskdesk.stack.trouble import Trouble

NAME = "riskdesk"


class Identity(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """May this account pass through (or run) the path? Asked of the kernel, so ACLs count."""
        asked = subprocess.run(["test", "-x", str(path)], check=False, cwd="/", **identity_of(self))
        return asked.returncode == 0


def identity_of(account: Account | None) -> Identity:
    """Arguments of `subprocess` that start a program as this account, without our groups; None: as we are."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def unprivileged_account(owned: Path) -> Account | None:
    """The owner of the existing cluster, else the account `riskdesk` (made on first use)."""
    if os.geteuid() != 0:
        return None
    if owned.exists() and (uid := owned.stat().st_uid) != 0:
        return _known(pwd.getpwuid(uid))
    return _known(_lookup(NAME) or _create() or _nobody())


def _known(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    for _ in range(10):  # two starts at once: the loser finds the list locked, then the account there
        subprocess.run(
            [useradd, *arguments, "--shell", "/usr/sbin/nologin", NAME], check=False, capture_output=True
        )
        if found := _lookup(NAME):
            return found
        time.sleep(0.2)
    return None


def _nobody() -> pwd.struct_passwd:
    found = _lookup("nobody")
    if found is None:
        raise Trouble(
            f"PostgreSQL does not run as root and no account '{NAME}' could be made: "
            "create one, start as an ordinary user, or set DATABASE_URL."
        )
    return found
