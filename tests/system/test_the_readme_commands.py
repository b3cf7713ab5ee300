"""The README's own commands, word for word, in a clean copy: ready line, /readyz, figures that change.

Only one thing is put in between: the copy's virtualenv sees the packages of this one, so that nothing is
downloaded. pip is told to look nowhere and must find every locked package there already.
"""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from riskdesk.stack.ports import pick_free
from tests.system.real_desk import READY_SECONDS, RealDesk
from tests.system.running import ROOT, Launcher, bare_environment, left_over, until
from tests.system.visitor import Visitor, status_of

pytestmark = pytest.mark.system
OF_THIS_RUN = re.compile(r"PYTHONPATH|VIRTUAL_ENV|VENV|MAKE.*|MFLAGS")
README = (ROOT / "README.md").read_text()
NOT_CLONED = shutil.ignore_patterns(
    ".git", ".venv", ".data*", "__pycache__", "*_cache", ".hypothesis", "staticfiles"
)


def commands() -> list[list[str]]:
    """The README's indented blocks of commands, without the remarks behind them."""
    blocks = re.findall(r"(?:^ {4}.*\n)+", README, re.M)
    lines = [[line.split(" # ")[0].strip() for line in block.splitlines()] for block in blocks]
    return [block for block in lines if re.match(r"make |python|\.venv/", block[0])]


@pytest.fixture
def clone(open_folder: Path) -> Path:
    return Path(shutil.copytree(ROOT, open_folder / "riskdesk", ignore=NOT_CLONED))


def environment() -> dict[str, str]:
    """A person's shell: nothing of this test run in it, and no package index."""
    bare = bare_environment(
        PORT=str(pick_free()), GATE_PORT=str(pick_free()), PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1"
    )
    return {name: value for name, value in bare.items() if not OF_THIS_RUN.fullmatch(name)}


def lend_packages(clone: Path) -> None:
    (found,) = clone.glob(".venv/lib/python*/site-packages")
    (found / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")


def run(command: str, clone: Path) -> None:
    ran = subprocess.run(
        command,
        shell=True,
        cwd=clone,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, f"{command}:\n{ran.stdout}{ran.stderr}"


def see_the_desk_live(command: str, clone: Path) -> None:
    """From the command to the ready line, a ready answer, and figures that move on a page; then the end."""
    variables = environment()
    launcher = Launcher(["sh", "-c", f"exec {command}"], variables, clone.parent / "desk.log", folder=clone)
    port, gate = int(variables["PORT"]), int(variables["GATE_PORT"])
    try:
        launcher.await_words(f"Riskdesk is ready: http://127.0.0.1:{port}/", seconds=READY_SECONDS)
        desk = RealDesk(launcher, clone / ".data", port=port, gate_port=gate)
        until(lambda: status_of(f"{desk.base}/readyz") == 200, what="a desk that is ready")
        with Visitor(desk.base, "rita").tab("PRIME") as tab:
            until(lambda: any(frame["rows"] for frame in tab.of("changed")), what="a figure that changes")
    finally:
        launcher.stop()
        until(lambda: not left_over(clone), what="the end of every process")


def test_the_readme_starts_a_desk_with_make_and_without(clone: Path) -> None:
    with_make, plain = commands()
    assert [line.split()[:2] for line in with_make] == [["make", "run"], ["make", "test"]]
    make_venv, install, start = plain
    run(make_venv, clone)
    lend_packages(clone)
    run(install, clone)
    see_the_desk_live(start, clone)
    see_the_desk_live(with_make[0], clone)
