"""Runs parts as children: reads them, restarts them with back-off, stops them all in time.

Takes parts and a console; gives a loop to turn. Single-threaded on purpose: a parent-death signal follows
the thread that started the child. A reaper process of its own clears up if this process is killed.
"""

import contextlib
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from riskdesk.stack import reaper
from riskdesk.stack.child import Child, Part
from riskdesk.stack.console import Console
from riskdesk.stack.death import marked, new_family_mark
from riskdesk.stack.trouble import Trouble

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 15.0
STEADY_AFTER_SECONDS = 20.0
SERVICE_GRACE_SECONDS = 3.0
TURN_SECONDS = 0.1


class Supervisor:
    def __init__(self, console: Console, *, lock_descriptors: Iterable[int] = ()) -> None:
        self.console = console
        self.mark = new_family_mark()
        self.children: dict[str, Child] = {}
        self.failures: dict[str, int] = {}
        self.due: dict[str, tuple[float, Part]] = {}
        self.selector = selectors.DefaultSelector()
        self.lock_descriptors = tuple(lock_descriptors)
        self.reaper = self._start_reaper()

    # --- starting -----------------------------------------------------------------------------------

    def start(self, part: Part) -> Child:
        """Start a part now and watch over it from here on."""
        if not part.service:  # services are stopped gently, by their group, not by the mark
            part = replace(part, environment=marked(dict(part.environment), self.mark))
        child = Child(part)
        self._tell_reaper(f"watch {child.pid} {int(part.death_signal)}")
        self.children[part.name] = child
        self.selector.register(child.output, selectors.EVENT_READ, child)
        return child

    def wait_until(self, ready: Callable[[], bool], *, names: Iterable[str], seconds: float) -> None:
        """Turn the loop until ready; a part that ends meanwhile, or a deadline, is a start-up fault."""
        watched = [self.children[name] for name in names]
        deadline = time.monotonic() + seconds
        while not ready():
            self._read_output(0.02)
            for child in watched:
                if child.ended():
                    raise Trouble(
                        f"{child.part.name} did not start: it {child.how_it_ended()}.{last_words(child)}"
                    )
            if time.monotonic() > deadline:
                names_text = " and ".join(child.part.name for child in watched)
                raise Trouble(f"{names_text} did not answer within {seconds:.0f} s.{last_words(watched[0])}")

    # --- running ------------------------------------------------------------------------------------

    def turn(self, seconds: float = TURN_SECONDS) -> None:
        """One turn: show output, notice deaths and deafness, start what is due."""
        self._read_output(seconds)
        for child in list(self.children.values()):
            if child.ended():
                self._bury(child)
            elif child.is_deaf():
                self.replace_deaf(child.part.name)
        self._start_due()
        if self.reaper.poll() is not None:
            self._revive_reaper()

    def replace_deaf(self, name: str) -> None:
        """End a child that lives but does not do its work; the loop starts it again."""
        child = self.children[name]
        self.console.say("desk", f"{name} (pid {child.pid}) gives no sign of work: replacing it")
        child.kill_group()

    def _bury(self, child: Child) -> None:
        part, name = child.part, child.part.name
        self._dismiss(child)
        failures = 1 if child.lived_seconds() > STEADY_AFTER_SECONDS else self.failures.get(name, 0) + 1
        self.failures[name] = failures
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS)
        self.due[name] = (time.monotonic() + pause, part)
        self.console.say(
            "desk", f"{name} (pid {child.pid}) {child.how_it_ended()}: starting it again in {pause:.1f} s"
        )

    def _start_due(self) -> None:
        for name, (moment, part) in list(self.due.items()):
            if time.monotonic() >= moment:
                del self.due[name]
                part.before_restart()
                self.start(part)

    def _read_output(self, seconds: float) -> None:
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _ in self.selector.select(seconds):
            child: Child = key.data
            lines = child.read_lines()
            if lines is None:
                self.selector.unregister(child.output)
                continue
            self._show(child, lines)

    def _show(self, child: Child, lines: list[str]) -> None:
        if not self.console.shows_output:
            return
        for line in lines:
            if child.part.shows(line):
                self.console.say(child.part.name, line)

    # --- stopping -----------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop what works on the services first, then the services; nothing is left when this returns."""
        self.due.clear()
        workers = [child for child in self.children.values() if not child.part.service]
        services = [child for child in self.children.values() if child.part.service]
        self._stop_together(workers, seconds=max((c.part.grace_seconds for c in workers), default=0))
        self._stop_together(services, seconds=SERVICE_GRACE_SECONDS)
        self._end_reaper()

    def _stop_together(self, children: list[Child], *, seconds: float) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(child.ended() for child in children):
            self._read_output(0.02)
        for child in children:
            if not child.ended():
                self.console.say("desk", f"{child.part.name} did not stop in time: ending it")
            child.kill_group()  # also for one that ended: whatever it started ends with it
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(1.0)
            self._dismiss(child)

    def _dismiss(self, child: Child) -> None:
        child.kill_group()
        if (lines := child.read_lines()) is not None:
            self._show(child, lines)
        with contextlib.suppress(KeyError):
            self.selector.unregister(child.output)
        child.close()
        self.children.pop(child.part.name, None)
        self._tell_reaper(f"forget {child.pid}")

    # --- the reaper ---------------------------------------------------------------------------------

    def _start_reaper(self) -> subprocess.Popen[bytes]:
        program = str(Path(reaper.__file__))
        return subprocess.Popen(
            [sys.executable, "-I", "-S", program, self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            pass_fds=self.lock_descriptors,
        )

    def _tell_reaper(self, line: str) -> None:
        assert self.reaper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.reaper.stdin.write(f"{line}\n".encode())
            self.reaper.stdin.flush()

    def _revive_reaper(self) -> None:
        self.reaper = self._start_reaper()
        for child in self.children.values():
            self._tell_reaper(f"watch {child.pid} {int(child.part.death_signal)}")

    def _end_reaper(self) -> None:
        """Its end of input is its signal to sweep once more: after an orderly stop it finds nothing."""
        assert self.reaper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.reaper.stdin.close()
        try:
            self.reaper.wait(reaper.GRACE_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self.reaper.send_signal(signal.SIGKILL)
        self.selector.close()


def last_words(child: Child) -> str:
    """What the child said before it ended, as an addition to a sentence."""
    while lines := child.read_lines():
        del lines
    text = "\n  ".join(list(child.tail)[-8:])
    return f" Its last words:\n  {text}" if text else ""
