"""The whole demo desk under test: every process is the real one, started as people start it.

Gives its rows, its log by process, its processes to kill, and people who sign in and look at it.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from riskdesk.stack.ports import pick_free
from tests.system.running import Launcher, bare_environment, left_over, until

READY_SECONDS = 300.0
COMMANDS = {  # what stands on the command line of each process of the desk
    "web": "riskdesk.asgi:application",
    "gate": "margin.gate.",
    "risk": " risk@%h",
    "general": " general@%h",
    "beat": " beat ",
    "valkey": "valkey-server",
    "postgres": "bin/postgres ",
}


class RealDesk:
    """A running desk, seen from outside."""

    def __init__(self, launcher: Launcher, data: Path, *, port: int, gate_port: int) -> None:
        self.launcher, self.data = launcher, data
        self.base, self.gate = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{gate_port}"

    # --- rows ---------------------------------------------------------------------------------------
    def rows(self, question: str, *values: Any) -> list[dict[str, Any]]:
        """Asked beside the desk, of its own database."""
        variables = json.loads((self.data / "running.json").read_text())["variables"]
        with psycopg.connect(variables["DATABASE_URL"], autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(question, values).fetchall()

    def seq(self) -> int:
        """The number of the newest committed run."""
        return int(self.rows("SELECT seq FROM margin_shardstate")[0]["seq"])

    # --- what it says -------------------------------------------------------------------------------
    def lines(self, process: str) -> list[dict[str, Any]]:
        """The lines of one process so far; those that are not JSON are left out."""
        said = (line.partition(" | ") for line in self.launcher.said.splitlines())
        mine = [text for name, _, text in said if name.strip() == process]
        return [json.loads(text) for text in mine if text.startswith("{")]

    def events_of(self, run: str) -> set[tuple[str, str]]:
        """Which process said what under the id of a run."""
        found = ((name, line) for name in ("risk", "general", "mail") for line in self.lines(name))
        return {(name, line["event"]) for name, line in found if line.get("run_id") == run}

    # --- its processes ------------------------------------------------------------------------------
    def pid(self, name: str) -> int | None:
        """The first process of a part: the launcher's own child."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_text().replace("\0", " ")
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.launcher.process.pid and COMMANDS[name] in words:
                return int(process.name)
        return None

    def kill_in_mid_run(self, name: str) -> int:
        """kill -9 of a part with all it started, while the risk worker computes; gives the pid that was."""
        pid = self.pid(name)
        assert pid is not None, f"there is no {name}"
        until(lambda: not self.is_computing(), what="a pause between two runs")
        until(self.is_computing, what="a run under way")
        os.killpg(pid, signal.SIGKILL)
        return pid

    def keep_down(self, name: str, killed: int) -> int:
        """Kill it again whenever it comes back, until the run under way is over; gives the last pid."""
        ended = len(self.delivered())
        deadline = time.monotonic() + 15
        while len(self.delivered()) == ended and time.monotonic() < deadline:
            if self.is_back(name, killed):
                killed = self.pid(name) or killed
                os.killpg(killed, signal.SIGKILL)
            time.sleep(0.02)
        return killed

    def delivered(self) -> list[dict[str, Any]]:
        return [line for line in self.lines("risk") if line["event"] == "step.deliver"]

    def is_back(self, name: str, instead_of: int) -> bool:
        return self.pid(name) not in (None, instead_of)

    def is_computing(self) -> bool:
        return bool(self.rows("SELECT FROM margin_shardstate WHERE lease_until > clock_timestamp()"))


@contextmanager
def real_desk(data: Path, **environment: str) -> Iterator[RealDesk]:
    """`manage.py desk`, from its start to the ready line, and on the way out to the end of every process."""
    port, gate_port = pick_free(), pick_free()
    variables = bare_environment(DATA_DIR=str(data), PORT=str(port), GATE_PORT=str(gate_port), **environment)
    log = data.with_name(f"{data.name}.{time.monotonic_ns()}.log")
    launcher = Launcher([sys.executable, "manage.py", "desk"], variables, log)
    try:
        launcher.await_words("Riskdesk is ready: ", seconds=READY_SECONDS)
        yield RealDesk(launcher, data, port=port, gate_port=gate_port)
    finally:
        if launcher.process.poll() is None:
            launcher.stop()
        until(lambda: not left_over(data), what="the end of every process")
