"""Kill parts of the real desk at random instants, round after round, and ask its rows what was lost.

    ROUNDS=25 SEED=7 python -m tests.system.faults

A round kills one to three parts with `kill -9`, together or one shortly after the other, waits until every
part works and figures move on an open page, and asks whether anything was lost or said twice. It stops at the
first fault, with the folder kept, and prints the seed that finds it again as nearly as instants allow.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from tests.system import books
from tests.system.real_desk import COMMANDS, RealDesk, real_desk
from tests.system.recoveries import WORKS
from tests.system.running import until
from tests.system.visitor import Tab, Visitor

ROUNDS, SEED = 25, 20251010
MOST_SECONDS = 120.0


def main(*, rounds: int, seed: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="riskdesk-faults-"))
    folder.chmod(0o755)
    tell(f"{rounds} rounds, seed {seed}, in {folder}")
    dice = random.Random(seed)
    with real_desk(folder / "data") as desk:
        for number in range(1, rounds + 1):
            one_round(desk, dice, number)
    tell(f"{rounds} rounds: nothing lost, nothing said twice")
    shutil.rmtree(folder)


def one_round(desk: RealDesk, dice: random.Random, number: int) -> None:
    victims = dice.sample(sorted(COMMANDS), dice.choice([1, 1, 2, 3]))
    with Visitor(desk.base, "rita").tab("PRIME") as tab:
        time.sleep(dice.uniform(0, 3))  # any instant of a run
        killed = {}
        for name in victims:
            killed[name] = kill(desk, name)
            time.sleep(dice.choice([0, 0.2, 1.0]))
        began = time.monotonic()
        until(lambda: all_back(desk, killed), seconds=MOST_SECONDS, what=f"the return of {victims}")
        wait_until_well(desk, tab)
        took = time.monotonic() - began
    newest = books.newest_letter(desk)
    until(lambda: books.all_sent(desk, newest), seconds=MOST_SECONDS, what="the last letter on its way")
    found = books.faults(desk, letters_up_to=newest)
    tell(f"{number:4}  {', '.join(victims):30} well after {took:5.1f} s  run {desk.seq()}, letter {newest}")
    assert not found, "\n".join(found)


def kill(desk: RealDesk, name: str) -> int:
    pid = desk.pid(name)
    if pid is None:  # down already, with what it needs
        return 0
    os.killpg(pid, signal.SIGKILL)
    return pid


def all_back(desk: RealDesk, killed: dict[str, int]) -> bool:
    return all(desk.is_back(name, pid) for name, pid in killed.items())


def wait_until_well(desk: RealDesk, tab: Tab) -> None:
    """Every part works, runs go on, and the open page hears of them."""
    until(lambda: answers(desk), seconds=MOST_SECONDS, what="the database")
    (row,) = desk.rows("SELECT clock_timestamp() AS now, seq FROM margin_shardstate")

    def well() -> bool:
        parts = (works for name, works in WORKS.items() if name != "beat")  # "valkey" asks for its beats
        return answers(desk) and tab.seq() > row["seq"] and all(works(desk, row["now"]) for works in parts)

    until(well, seconds=MOST_SECONDS, what="every part at work and figures that move")


def answers(desk: RealDesk) -> bool:
    try:
        return bool(desk.rows("SELECT 1"))
    except psycopg.OperationalError:
        return False


def tell(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(rounds=int(os.environ.get("ROUNDS") or ROUNDS), seed=int(os.environ.get("SEED") or SEED))
