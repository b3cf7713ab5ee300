"""However often a child dies, or cannot even be started, the supervisor and the other children go on."""

import os
import time
from collections.abc import Iterator

import pytest

from riskdesk.stack.child import Part
from riskdesk.stack.console import Console
from riskdesk.stack.death import FAMILY, marked
from riskdesk.stack.supervisor import LONGEST_PAUSE_SECONDS, Supervisor
from riskdesk.stack.trouble import Trouble


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    found = Supervisor(Console(nowhere))
    yield found
    found.stop()
    found.console.drain()
    os.close(nowhere)


def test_after_thousands_of_deaths_the_pause_is_still_the_longest(supervisor: Supervisor) -> None:
    supervisor.failures["feed"] = 5_000
    before = time.monotonic()
    supervisor._try_later(Part(name="feed", command=["feed"]), "feed ended")
    assert supervisor.due["feed"][0] >= before + LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("fault", [OSError(12, "Cannot allocate memory"), Trouble("The program is missing.")])
def test_one_that_cannot_be_started_now_is_started_later(supervisor: Supervisor, fault: Exception) -> None:
    def refuse() -> None:
        raise fault

    part = Part(name="feed", command=["feed"], before_restart=refuse)
    supervisor.due["feed"] = (0.0, part)
    supervisor.turn(0)
    moment, again = supervisor.due["feed"]
    assert moment > 0.0
    assert again is part
    assert supervisor.failures == {"feed": 1}


def test_a_child_carries_its_familys_mark_once_however_often_it_starts() -> None:
    first = marked({FAMILY: "of-others"}, "ours")
    assert first == {FAMILY: "of-others:ours"}
    assert marked(first, "ours") == first
    assert marked({}, "ours") == {FAMILY: "ours"}
