"""A backend that outlives its server holds the shared memory: the next start ends it, and no one else."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from riskdesk.stack.postgres import clear_former_server
from tests.system.running import until

SLEEP = shutil.which("sleep") or "/bin/sleep"


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def at_work(program: Path, folder: Path, ending: ExitStack) -> subprocess.Popen[bytes]:
    """A process of that name that works in that folder."""
    folder.mkdir(exist_ok=True)
    if not program.exists():  # one that runs cannot be written
        shutil.copy(SLEEP, program)
    process = subprocess.Popen([program, "600"], cwd=folder)
    ending.callback(process.wait)
    ending.callback(process.kill)
    until(lambda: Path(f"/proc/{process.pid}/exe").resolve() == program, what="the program")
    return process


@pytest.mark.parametrize("named", [False, True], ids=["no pid file", "pid file of a dead server"])
def test_only_the_backends_of_this_cluster_end(tmp_path: Path, ending: ExitStack, named: bool) -> None:
    cluster, other = tmp_path / "cluster", tmp_path / "other"
    backend = at_work(tmp_path / "postgres", cluster, ending)
    neighbour = at_work(tmp_path / "postgres", other, ending)
    person = at_work(tmp_path / "sh", cluster, ending)
    if named:
        (cluster / "postmaster.pid").write_text("0\n")
    clear_former_server(cluster)
    assert backend.poll() is not None or backend.wait(5)
    assert neighbour.poll() is None
    assert person.poll() is None
    assert not (cluster / "postmaster.pid").exists()
