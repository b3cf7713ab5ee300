"""Every line that the type checker is told to pass over names what it passes over, and why."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAID = re.compile(r"# type: ignore\[[a-z-]+\]  # \w.+")


def test_each_line_that_is_passed_over_says_why():
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ("accounts", "margin", "riskdesk")
        for path in sorted((ROOT / room).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if "# type: ignore" in line and not SAID.search(line)
    ]
    assert not silent, silent


def test_the_whole_project_is_checked_strictly():
    check = (ROOT / "riskdesk/stack/check.sh").read_text()
    assert "mypy --strict accounts margin riskdesk" in check
