"""How long the desk takes to start, to stop, and to work again after `kill -9` of each of its parts.

    python -m tests.system.recoveries

starts a demo desk in a folder of its own (cold, then warm), kills one part after the other in the middle of a
run, and prints the seconds. Tests wait for the same things, however long a busy machine takes.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.system.real_desk import RealDesk, real_desk
from tests.system.running import until
from tests.system.visitor import Tab, Visitor, status_of

PROMISED_SECONDS = {"risk": 10, "beat": 10, "valkey": 30, "general": 10, "web": 10, "gate": 10}
"""From the kill until the part works and figures move on an open page."""


def seconds_to_recover(desk: RealDesk, tab: Tab, name: str, *, most: float) -> float:
    """Kill -9 a part and all it started while a run is under way, and wait until all is well."""
    before = desk.kill_in_mid_run(name)
    if name == "valkey":  # the worker shall learn of it when it wants to say that the run is done
        before = desk.keep_down(name, before)
    began = time.monotonic()
    (row,) = desk.rows("SELECT clock_timestamp() AS now, seq FROM margin_shardstate")

    def well() -> bool:
        return desk.is_back(name, before) and WORKS[name](desk, row["now"]) and tab.seq() > row["seq"]

    until(well, seconds=most, what=f"{name} at work again, and figures that move,")
    return time.monotonic() - began


def beaten(desk: RealDesk, since: datetime, *queues: str) -> bool:
    """A message of the clock went through these queues and their workers."""
    rows = desk.rows("SELECT name FROM margin_heartbeat WHERE beaten_at > %s", since)
    return {row["name"] for row in rows} >= set(queues)


def a_new_clock_beats(desk: RealDesk, since: datetime) -> bool:
    """Counted from its taking the lead: messages of the old one may still lie in the queues."""
    led = [
        datetime.fromisoformat(line["time"]) for line in desk.lines("beat") if line["event"] == "clock.leads"
    ]
    return led[-1] > since and beaten(desk, led[-1], "risk", "general")


WORKS: dict[str, Callable[[RealDesk, datetime], bool]] = {
    "risk": lambda desk, since: True,  # that figures move says it all
    "general": lambda desk, since: beaten(desk, since, "general"),
    "beat": a_new_clock_beats,
    "valkey": lambda desk, since: beaten(desk, since, "risk", "general"),
    "web": lambda desk, since: status_of(f"{desk.base}/readyz") == 200,
    "gate": lambda desk, since: status_of(f"{desk.gate}/readyz") == 200,
}


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="riskdesk-recoveries-"))
    folder.chmod(0o755)
    try:
        measure(folder / "data")
    finally:
        if "--keep" not in sys.argv:
            shutil.rmtree(folder)


def measure(data: Path) -> None:
    began = time.monotonic()
    with real_desk(data):
        tell("first start, packages installed", began)
    began = time.monotonic()
    with real_desk(data) as desk:
        tell("start on the same data", began)
        with Visitor(desk.base, "rita").tab("PRIME") as tab:
            for name, promised in PROMISED_SECONDS.items():
                took = seconds_to_recover(desk, tab, name, most=6 * promised)
                sys.stdout.write(f"{f'kill -9 {name}':34} {took:5.1f} s   promised {promised} s\n")
        began = time.monotonic()
    tell("stop", began)


def tell(what: str, began: float) -> None:
    sys.stdout.write(f"{what:34} {time.monotonic() - began:5.1f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
