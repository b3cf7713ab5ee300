"""No file of the tree holds the marks that a merge leaves where two changes met."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("accounts", "docs", "margin", "riskdesk", "static", "templates", "tests")
TEXTS = {".css", ".html", ".js", ".md", ".py", ".sh", ".txt"}
MARKS = tuple(mark * 7 + " " for mark in "<>")


def test_no_line_begins_with_a_mark_of_a_merge() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in TEXTS]
    assert len(files) > 500
    left = [
        f"{path}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.startswith(MARKS)
    ]
    assert left == []
