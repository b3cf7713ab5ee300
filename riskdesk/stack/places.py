"""Where things lie: the data folder, its secrets, and the home of the embedded services.

Takes the data folder's path; gives a `Places`. Creates folders of its own only, with modes of its own;
never changes a folder that was there before. Where the unprivileged account cannot reach the data folder
(a home of mode 0700), the services live under /var/lib/riskdesk and the data folder keeps a pointer.
"""

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from riskdesk.stack.account import Account, unprivileged_account
from riskdesk.stack.trouble import Trouble, explain

SYSTEM_HOME = Path("/var/lib/riskdesk")
FIRST_START_NEEDS_MB = 200
LATER_STARTS_NEED_MB = 40


@dataclass(frozen=True)
class Places:
    data: Path
    secrets: Path
    services: Path
    account: Account | None

    def secret(self, name: str) -> str:
        """The secret of that name, drawn once and kept in a file only we may read."""
        path = self.secrets / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text()

    def hand_over(self, path: Path) -> None:
        """Give a file or folder of ours to the account that runs the services."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)


def open_places(data_folder: Path) -> Places:
    """Make (or find again) every folder the desk writes to."""
    data = data_folder.expanduser().absolute()
    try:
        _make(data, mode=0o711 if os.geteuid() == 0 else 0o700)
        data = data.resolve()
        _demand_space(data)
        _make(data / "secrets", mode=0o700)
        services, account = _services_home(data)
    except OSError as error:
        advice = "choose a DATA_DIR where folders can be made"
        raise explain(error, doing=f"preparing the data folder {data}", otherwise=advice) from error
    return Places(data=data, secrets=data / "secrets", services=services, account=account)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 at once, complete or not there, for the owner of its folder."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
    draft.replace(path)


def remove_places(places: Places) -> None:
    """Delete a temporary data folder, wherever its services were put."""
    shutil.rmtree(places.services, ignore_errors=True)
    shutil.rmtree(places.data, ignore_errors=True)


def _make(folder: Path, *, mode: int) -> None:
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)


def _services_home(data: Path) -> tuple[Path, Account | None]:
    inside, pointer = data / "services", data / "services.path"
    home = Path(pointer.read_text().strip()) if pointer.exists() else inside
    account = unprivileged_account(home)
    if account is not None and home == inside and not account.reaches(data):
        home = SYSTEM_HOME / hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        _make(SYSTEM_HOME, mode=0o711)
        write_private(pointer, f"{home}\n")
    _make(home, mode=0o700)
    if account is not None and home.stat().st_uid == 0:
        os.chown(home, account.uid, account.gid)
    return home, account


def _demand_space(data: Path) -> None:
    needed = LATER_STARTS_NEED_MB if (data / "secrets").exists() else FIRST_START_NEEDS_MB
    free = shutil.disk_usage(data).free // 1_000_000
    if free < needed:
        raise Trouble(
            f"The disk of {data} is nearly full ({free} MB free, {needed} MB needed): "
            "free some space or choose another DATA_DIR."
        )
