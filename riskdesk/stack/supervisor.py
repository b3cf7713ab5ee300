"""Runs parts as children: reads them, restarts them with back-off, stops them all in time.

Takes parts and a console; gives a loop to turn. The loop is one thread on purpose: a parent-death signal
follows the thread that started the child. The reaper clears up if this process is killed.
"""

import contextlib
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from riskdesk.stack.child import Child, Part
from riskdesk.stack.console import Console
from riskdesk.stack.death import marked, new_family_mark
from riskdesk.stack.trouble import Trouble
from riskdesk.stack.watchman import Watchman

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 15.0
MOST_DOUBLINGS = 10  # far beyond the longest pause: without an end the number would outgrow a float
STEADY_AFTER_SECONDS = 20.0
STOP_WITHIN_SECONDS = 9.0  # services get what the others leave of it, and no less than three
TURN_SECONDS = 0.1
UNFINISHED = "is ended before it has finished: what it was at is done again at the next start"


class Supervisor:
    def __init__(self, console: Console, *, lock_descriptors: Iterable[int] = ()) -> None:
        self.console = console
        self.mark = new_family_mark()
        self.children: dict[str, Child] = {}
        self.failures: dict[str, int] = {}
        self.due: dict[str, tuple[float, Part]] = {}
        self.selector = selectors.DefaultSelector()
        self.hurried = False
        self.watchman = Watchman(self.mark, lock_descriptors=lock_descriptors)

    # --- starting -----------------------------------------------------------------------------------

    def start(self, part: Part) -> Child:
        """Start a part now and watch over it from here on."""
        if not part.service:  # services are stopped gently, by their group, not by the mark
            part = replace(part, environment=marked(dict(part.environment), self.mark))
        child = Child(part)
        self.watchman.watch(child)
        self.children[part.name] = child
        self.selector.register(child.output.descriptor, selectors.EVENT_READ, child)
        return child

    def wait_until(self, ready: Callable[[], bool], *, name: str, seconds: float) -> None:
        """Turn until the part is ready; one that ends meanwhile or takes too long is a start-up fault."""
        child = self.children[name]
        deadline = time.monotonic() + seconds
        while not ready():
            self._read_output(0.02)
            if child.ended():
                child.output.drain()
                raise Trouble(f"{name} did not start: it {child.how_it_ended()}.{child.output.last_words()}")
            if time.monotonic() > deadline:
                raise Trouble(f"{name} did not answer within {seconds:.0f} s.{child.output.last_words()}")

    def run_to_end(self, part: Part) -> Child:
        """Run a part that is meant to end, showing what it says; gives it back for its exit code."""
        child = self.start(part)
        while not child.ended():
            self._read_output(TURN_SECONDS)
        self._dismiss(child)
        return child

    # --- running ------------------------------------------------------------------------------------

    def turn(self, seconds: float = TURN_SECONDS) -> None:
        """One turn: show output, notice deaths and deafness, start what is due."""
        self._read_output(seconds)
        for child in list(self.children.values()):
            if child.ended():
                self._schedule_restart(child)
            elif child.is_deaf():
                self._end_deaf(child)
        self._start_due()
        self.watchman.revive(self.children.values())

    def _end_deaf(self, child: Child) -> None:
        """It lives but does not do its work: end it, and the loop starts it again."""
        self.console.say("desk", f"{child.part.name} (pid {child.pid}) shows no sign of work: replacing it")
        child.kill_group()
        child.process.wait()

    def _schedule_restart(self, child: Child) -> None:
        name = child.part.name
        self._dismiss(child)
        steady = child.lived_seconds() > STEADY_AFTER_SECONDS
        if steady:
            self.failures.pop(name, None)
        self._try_later(child.part, f"{name} (pid {child.pid}) {child.how_it_ended()}")

    def _try_later(self, part: Part, why: str) -> None:
        failures = self.failures[part.name] = self.failures.get(part.name, 0) + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, MOST_DOUBLINGS), LONGEST_PAUSE_SECONDS)
        self.due[part.name] = (time.monotonic() + pause, part)
        self.console.say("desk", f"{why}: starting it again in {pause:.1f} s")

    def _start_due(self) -> None:
        for name, (moment, part) in list(self.due.items()):
            if time.monotonic() >= moment:
                del self.due[name]
                self._start_again(part)

    def _start_again(self, part: Part) -> None:
        """What cannot be started now (no memory, a program being replaced) comes later: the others go on."""
        try:
            part.before_restart()
            self.start(part)
        except (Trouble, OSError) as trouble:
            self._try_later(part, str(trouble).rstrip("."))

    def _read_output(self, seconds: float) -> None:
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _ in self.selector.select(seconds):
            child: Child = key.data
            self._show(child, child.output.read())
            if child.output.at_end:
                self.selector.unregister(child.output.descriptor)

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
        began = time.monotonic()
        workers = [child for child in self.children.values() if not child.part.service]
        services = [child for child in self.children.values() if child.part.service]
        self._stop_together(workers, seconds=max((c.part.grace_seconds for c in workers), default=0))
        self._stop_together(services, seconds=max(3.0, STOP_WITHIN_SECONDS - (time.monotonic() - began)))
        self.watchman.dismiss()
        self.selector.close()

    def _stop_together(self, children: list[Child], *, seconds: float) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + seconds
        while self._are_awaited(children, deadline):
            self._read_output(0.02)
        for child in children:
            if not child.ended():
                self.console.say("desk", f"{child.part.name} {UNFINISHED}")
            self._dismiss(child)

    def _are_awaited(self, children: list[Child], deadline: float) -> bool:
        in_time = time.monotonic() < deadline and not self.hurried
        return in_time and not all(child.ended() for child in children)

    def _dismiss(self, child: Child) -> None:
        """Forget a child, and end whatever it started that is still there."""
        child.kill_group()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(1.0)
        with contextlib.suppress(KeyError):
            self.selector.unregister(child.output.descriptor)
        self._show(child, child.output.drain())
        child.output.close()
        self.children.pop(child.part.name, None)
        self.watchman.forget(child)
