"""Start real launchers in tests, read what they say, and look at what they leave behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from riskdesk.stack.ports import pick_free

PATIENCE_SECONDS = 90.0  # of a machine that does much else
ROOT = Path(__file__).resolve().parents[2]
SMALL_DESK = Path(__file__).with_name("small_desk.py")
# What a test runner inside `exec` has, and a launcher on a bare machine has not.
SERVICES = re.compile(
    r"(DATABASE|REDIS|EMAIL)_.*|DATA_DIR|DEMO|PORT|GATE_PORT|SECRET_KEY.*|DJANGO_.*|PYTEST_.*"
)


def bare_environment(**more: str) -> dict[str, str]:
    """Our environment without any service in it."""
    bare = {name: value for name, value in os.environ.items() if not SERVICES.fullmatch(name)}
    return {**bare, "PYTHONPATH": str(ROOT), **more}


def until(question: Callable[[], object], *, seconds: float = PATIENCE_SECONDS, what: str = "it") -> None:
    """Ask until yes; a deadline of liveness, not of speed."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


def run_exec(*command: str, data: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m riskdesk.stack exec -- COMMAND`, to its end."""
    folder = ["--data", str(data)] if data else []
    return subprocess.run(
        [sys.executable, "-m", "riskdesk.stack", "exec", *folder, "--", *command],
        env=bare_environment(**environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * PATIENCE_SECONDS,
    )


class Launcher:
    """A launcher under test: its process, its output so far."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], log: Path, *, folder: Path = ROOT
    ) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command, env=dict(environment), cwd=folder, stdout=file, stderr=subprocess.STDOUT
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def await_words(self, words: str, *, seconds: float = PATIENCE_SECONDS) -> None:
        def heard() -> bool:
            assert self.process.poll() is None or words in self.said, f"it ended early:\n{self.said}"
            return words in self.said

        until(heard, seconds=seconds, what=f"'{words}'")

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = PATIENCE_SECONDS) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def small_desk(folder: Path, **environment: str) -> Iterator[Launcher]:
    """The real launcher and services with three small programs for children, running and ready."""
    chosen = {"PORT": str(pick_free()), "GATE_PORT": str(pick_free()), "DATA_DIR": str(folder)}
    launcher = Launcher(
        [sys.executable, str(SMALL_DESK)],
        bare_environment(**{**chosen, **environment}),
        folder.with_name(f"{folder.name}.log"),
    )
    try:
        launcher.await_words("Riskdesk is ready: ")
        yield launcher
    finally:
        if launcher.process.poll() is None:
            launcher.process.terminate()
            launcher.await_words("| stopping")
            launcher.stop()  # a second one hurries: the stubborn child is not waited for
        until(lambda: not left_over(folder), what="the end of every process")


def left_over(folder: Path) -> list[str]:
    """Processes that belong to a data folder: named on their command line or in their environment."""
    wanted, found = os.fsencode(folder), []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        for part in ("cmdline", "environ"):
            try:
                text = (process / part).read_bytes()
            except OSError:
                continue
            if wanted in text:
                found.append(f"{process.name}: {text[:120]!r}")
    return found


def pid_of(launcher: Launcher, name: str) -> int:
    """The newest pid a small child gave for itself."""
    return int(re.findall(rf"{name} +\| i am (\d+)", launcher.said)[-1])


def service_pid(folder: Path, program: str) -> int | None:
    """The first process of an embedded server that works for this data folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            ours = program.encode() in words[0] and any(os.fsencode(folder) in word for word in words)
        except OSError:
            continue
        if ours:
            return int(process.name)
    return None
