"""Every line that the type checker is told to pass over names what it passes over, and why."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAID = re.compile(r"# type: ignore\[[a-z-]+\]  # \w.+")
ROOMS = ("accounts", "margin", "riskdesk")
MAY_BE_RELAXED = {"module", "disallow_subclassing_any"}


def test_each_line_that_is_passed_over_says_why():
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if "# type: ignore" in line and not SAID.search(line)
    ]
    assert not silent, silent


def test_the_whole_project_is_checked_strictly():
    check = (ROOT / "riskdesk/stack/check.sh").read_text()
    assert "mypy --strict accounts margin riskdesk" in check


def test_no_module_of_ours_is_let_off_but_for_the_bases_of_its_classes():
    """An override may say less of a library; of a room of ours only that a base has no types."""
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["exclude"] == ["migrations/", "^tests/"]
    assert (
        not {"ignore_errors", "disable_error_code", "follow_imports", "ignore_missing_imports"} & mypy.keys()
    )
    for override in mypy["overrides"]:
        assert "ignore_errors" not in override
        if any(module.split(".")[0] in (*ROOMS, "*") for module in override["module"]):
            assert override.keys() <= MAY_BE_RELAXED, override
