"""How long the demo only walks before its bad day is chosen; the day itself is always the same."""

import pytest

from margin.demo.script import BOTTOM, FALL_SECONDS, push
from margin.demo.walk import Walk

STILL = dict.fromkeys(BOTTOM, 0.0)


@pytest.mark.parametrize("quiet_seconds", [0, 5, 120])
def test_it_begins_after_the_quiet_and_is_at_its_bottom_when_the_fall_is_over(quiet_seconds: int) -> None:
    walk = Walk(7, quiet_seconds=quiet_seconds)
    for _ in range(quiet_seconds):
        assert push(walk.bad_day_seconds) == STILL
        walk.step()
    assert walk.bad_day_seconds == 0
    for _ in range(FALL_SECONDS):
        walk.step()
    assert push(walk.bad_day_seconds) == BOTTOM
