"""The first minute on a machine: the right Python, a virtualenv, make's signals."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from riskdesk.stack.ports import pick_free
from tests.system.running import (
    PATIENCE_SECONDS,
    ROOT,
    SMALL_DESK,
    Launcher,
    bare_environment,
    left_over,
    until,
)

pytestmark = pytest.mark.system
SET_UP = ROOT / "riskdesk" / "stack" / "set_up.sh"


def set_up(folder: Path, *, python: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    lists = folder / "requirements.txt"
    if not lists.exists():
        lists.write_text("# nothing\n")
    return subprocess.run(
        ["sh", str(SET_UP), python, str(folder / "venv"), str(lists)],
        env=bare_environment(**({"PATH": path} if path else {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit\nexit 1\n')
    old.chmod(0o755)
    tools = tmp_path / "tools"  # a PATH without any newer python3.11, .12 or .13
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "tr", "basename"):
        (tools / name).symlink_to(shutil.which(name) or name)
    ran = set_up(tmp_path, python=str(old), path=str(tools))
    assert ran.returncode != 0
    assert "needs Python 3.11 or newer and found Python 3.9.2" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_manage_py_itself_says_that_a_python_is_too_old() -> None:
    source = (ROOT / "manage.py").read_text()
    fake = f"import sys; sys.version_info = (3, 9, 2); exec(compile({source!r}, 'manage.py', 'exec'))"
    ran = subprocess.run([sys.executable, "-c", fake], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == "riskdesk: Riskdesk needs Python 3.11 or newer, this is 3.9.\n"


def test_set_up_makes_a_virtualenv_once_and_installs_a_changed_list_again(tmp_path: Path) -> None:
    first = set_up(tmp_path, python=sys.executable)
    assert first.returncode == 0, first.stderr
    assert "making a virtualenv" in first.stderr
    assert "about 500 MB" in first.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()
    second = set_up(tmp_path, python="/no/python/any/more")
    assert (second.returncode, second.stderr) == (0, "")
    (tmp_path / "requirements.txt").write_text("# another list\n")
    third = set_up(tmp_path, python="/no/python/any/more").stderr
    assert "installing what is missing of" in third
    assert "500 MB" not in third


def test_make_run_refuses_busy_ports_before_it_installs_anything(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy, free = server.getsockname()[1], pick_free()
        made = {"VENV": str(tmp_path / "venv"), "DATA_DIR": str(tmp_path / "data")}
        ports = {"PORT": str(busy), "GATE_PORT": str(free)}
        ran = subprocess.run(
            ["make", "run", f"PYTHON={sys.executable} -S"],  # without any package
            env=bare_environment(**made, **ports, PYTHONPATH=""),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode != 0
    assert re.search(
        rf"^riskdesk: Port {busy} is already in use.* PORT=\d+ GATE_PORT={free} make run$", ran.stderr, re.M
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_make_alone_stops_the_desk(data: Path, number: int) -> None:
    folder = data.parent
    (folder / "Makefile").write_text(f"run:\n\t@exec {sys.executable} {SMALL_DESK} --follow-parent\n")
    ports = {"PORT": str(pick_free()), "GATE_PORT": str(pick_free())}
    make = Launcher(
        ["make", "-C", str(folder), "run"],
        bare_environment(DATA_DIR=str(data), **ports),
        folder / "make.log",
    )
    try:
        make.await_words("Riskdesk is ready: ")
        os.kill(make.process.pid, number)
        make.process.wait(PATIENCE_SECONDS)
        until(lambda: not left_over(data), what="the end of every process")
        assert "| stopped" in make.said
    finally:
        make.process.kill()
        make.process.wait()
