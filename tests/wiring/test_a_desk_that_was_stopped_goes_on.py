"""A desk that was frozen whole and let go on holds its own absence against none of its children."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from riskdesk.stack import child as stack_child
from riskdesk.stack.child import Child, Part


def test_silence_while_nobody_looked_is_not_deafness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = [1000.0]
    monkeypatch.setattr(stack_child, "time", SimpleNamespace(monotonic=lambda: now[0]))
    beat = tmp_path / "beat"
    child = Child(Part(name="idle", command=[sys.executable, "-c", ""], heartbeat=beat))
    try:
        beat.touch()
        assert not child.is_deaf()
        now[0] += 3600
        assert not child.is_deaf(), "it was stopped as long as the one who looks"
        heard = []
        for _ in range(61):
            now[0] += 1
            heard.append(not child.is_deaf())
        assert heard == [True] * 60 + [False]
    finally:
        child.process.wait()
        child.output.close()
