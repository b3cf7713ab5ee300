"""The desk's launcher: children that die come back, a stop leaves nothing, a kill leaves nothing."""

import os
import re
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from riskdesk.env import read_environment
from riskdesk.stack.desk import _own_variables
from riskdesk.stack.parts import desk_parts
from riskdesk.stack.places import Places
from riskdesk.stack.supervisor import STOP_WITHIN_SECONDS
from tests.system.running import left_over, pid_of, service_pid, small_desk, until

pytestmark = pytest.mark.system


def test_it_says_once_that_it_is_ready_and_stops_on_term_whoever_refuses(data: Path) -> None:
    with small_desk(data) as desk:
        assert desk.said.count("Riskdesk is ready: http://127.0.0.1:") == 1
        assert "rita, vic, ada, eve or otto" in desk.said
        assert desk.stop(signal.SIGTERM) == 0
        assert (
            "stubborn is ended before it has finished: what it was at is done again at the next start"
            in desk.said
        )
        assert left_over(data) == []


@pytest.mark.parametrize("asked", [None, "INFO"])
def test_on_a_terminal_the_ready_line_is_not_swept_away_unless_somebody_asks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str | None
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    given = {"LOG_LEVEL": asked} if asked else {}
    places = Places(data=tmp_path, secrets=tmp_path, services=tmp_path, account=None)
    own = _own_variables(read_environment({"DEMO": "0"}), places, given)
    assert ({**given, **own}["LOG_LEVEL"], own["LOG_FORMAT"]) == (asked or "WARNING", "console")


def test_a_blank_variable_leaves_the_choice_to_the_launcher(tmp_path: Path) -> None:
    places = Places(data=tmp_path, secrets=tmp_path, services=tmp_path, account=None)
    chosen = read_environment({"DEMO": "1"})
    unset = _own_variables(chosen, places, {})
    names = ("SECRET_KEY", "SECRET_KEY_FILE", "EMAIL_HOST", "EMAIL_PORT")
    assert {"SECRET_KEY", "EMAIL_HOST", "EMAIL_PORT"} <= unset.keys()
    assert _own_variables(chosen, places, dict.fromkeys(names, " ")) == unset


def test_what_celery_advises_a_person_at_its_own_terminal_is_not_shown() -> None:
    parts = {p.name: p for p in desk_parts(read_environment({}), SimpleNamespace(data=Path("data")), {})}
    for line in (
        "worker: Hitting Ctrl+C again will terminate all running tasks!",
        "worker: Cold shutdown (MainProcess)",
    ):
        assert not parts["risk"].shows(line)
        assert parts["risk"].shows(f"something else than {line}")


def test_whoever_could_hang_unseen_is_watched() -> None:
    parts = desk_parts(read_environment({}), SimpleNamespace(data=Path("data")), {})
    assert {part.name for part in parts if part.heartbeat} == {"web", "risk", "general", "beat"}


def test_no_part_is_given_more_time_to_stop_than_all_have() -> None:
    """Ten seconds are promised; services get what the others leave, and three at least."""
    parts = desk_parts(read_environment({}), SimpleNamespace(data=Path("data")), {})
    graces = [part.grace_seconds for part in parts]
    assert max(graces) + 3 <= STOP_WITHIN_SECONDS < 10


def test_an_interrupt_stops_it_too_and_a_second_one_hurries(data: Path) -> None:
    with small_desk(data, GRACE="600") as desk:
        desk.process.send_signal(signal.SIGINT)
        desk.await_words("| stopping")
        assert desk.stop(signal.SIGINT) == 0
        until(lambda: not left_over(data), what="the end of every process, in a hurry too")


def test_a_killed_parent_leaves_nothing_not_even_grandchildren_apart(data: Path) -> None:
    with small_desk(data) as desk:
        assert len(left_over(data)) >= 9
        desk.process.kill()
        desk.process.wait()
        until(lambda: not left_over(data), what="the end of every process")


def test_after_a_kill_the_next_start_finds_everything_again(data: Path) -> None:
    with small_desk(data) as desk:
        desk.process.kill()
        desk.process.wait()
        with small_desk(data) as again:
            assert again.process.poll() is None


def test_a_killed_reaper_is_replaced_and_still_clears_up(data: Path) -> None:
    with small_desk(data) as desk:
        first = _reaper_of(desk.process.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: _reaper_of(desk.process.pid) not in (0, first), what="a new reaper")
        desk.process.kill()
        desk.process.wait()
        until(lambda: not left_over(data), what="the end of every process")


def test_a_dead_child_comes_back_after_a_growing_pause_and_it_is_said(data: Path) -> None:
    with small_desk(data) as desk:
        for _ in range(3):
            before = pid_of(desk, "web")
            os.kill(before, signal.SIGKILL)
            until(lambda before=before: pid_of(desk, "web") != before, what="a new web")
        pauses = re.findall(
            r"web \(pid \d+\) was killed by SIGKILL: starting it again in ([\d.]+) s", desk.said
        )
        assert pauses == ["0.2", "0.4", "0.8"]


def test_what_a_dead_child_had_started_ends_with_it(data: Path) -> None:
    with small_desk(data) as desk:
        before = pid_of(desk, "worker")
        os.kill(before, signal.SIGKILL)
        until(lambda: pid_of(desk, "worker") != before, what="a new worker")
        until(lambda: not _alive_in_group(before), what="the end of the old group")


@pytest.mark.parametrize("program", ["bin/postgres", "valkey-server"])
def test_a_killed_service_comes_back_on_the_same_port(data: Path, program: str) -> None:
    with small_desk(data) as desk:
        ports = (data / "ports.json").read_text()
        before = service_pid(data, program)
        assert before is not None
        os.kill(before, signal.SIGKILL)
        until(lambda: service_pid(data, program) not in (None, before), what=f"a new {program}")
        assert (data / "ports.json").read_text() == ports
        assert desk.process.poll() is None


def test_a_child_that_shows_no_sign_of_work_is_replaced(data: Path) -> None:
    with small_desk(data, DEAF="8") as desk:
        before, worker = pid_of(desk, "stubborn"), pid_of(desk, "worker")
        until(lambda: pid_of(desk, "stubborn") != before, what="a new child")
        assert "stubborn (pid" in desk.said
        assert pid_of(desk, "worker") == worker
        assert "shows no sign of work: replacing it" in desk.said


def test_a_sign_of_work_left_by_a_former_child_counts_for_nothing(data: Path) -> None:
    data.mkdir()
    (data / "never").touch()
    with small_desk(data, DEAF="1") as desk:
        before = pid_of(desk, "stubborn")
        until(lambda: pid_of(desk, "stubborn") != before, what="a new child")


def test_a_log_nobody_reads_never_stops_the_desk() -> None:
    from riskdesk.stack.console import Console

    read_end, write_end = os.pipe()
    console = Console(write_end)
    for _ in range(20_000):  # far more than pipe and queue hold
        console.say("web", "x" * 100)
    assert console.dropped > 0
    console.drain(0.1)
    os.close(read_end)


def _reaper_of(parent: int) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            stat = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if b"reaper.py" in words and int(stat[1]) == parent:
            return int(process.name)
    return 0


def _alive_in_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
