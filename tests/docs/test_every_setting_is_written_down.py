"""Settings, checks and their pages name each other, both ways."""

import re
from pathlib import Path

import pytest

from riskdesk.env import read, read_environment
from riskdesk.reader import Reader

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "docs/reference/settings.md").read_text()
CHECKS = (ROOT / "docs/reference/checks.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()


@pytest.fixture
def reader():
    reader = Reader({})
    read(reader)
    return reader


def test_the_page_of_settings_names_exactly_the_variables_the_desk_reads(reader):
    assert sorted(re.findall(r"^\| `([A-Z_]+)`", SETTINGS, re.M)) == sorted(set(reader.names))


def test_the_page_marks_exactly_the_secrets(reader):
    marked = re.findall(r"^\| `([A-Z_]+)` \|[^|]*\| \*secret\*", SETTINGS, re.M)
    assert sorted(marked) == sorted(set(reader.secrets))


def test_the_example_file_names_exactly_the_variables_the_desk_reads(reader):
    assert sorted(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.M)) == sorted(set(reader.names))


def test_the_example_file_can_be_read_as_it_stands():
    pairs = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if re.match(r"^[A-Z_]+=", line))
    assert read_environment(pairs).production


def test_the_page_of_checks_names_exactly_the_ids_in_the_code():
    code = "".join((ROOT / "riskdesk" / name).read_text() for name in ("refusals.py", "checks.py"))
    used = set(re.findall(r'"(riskdesk\.[EW]\d{3})"', code))
    assert set(re.findall(r"^\| (riskdesk\.[EW]\d{3}) ", CHECKS, re.M)) == used


def test_no_source_file_reads_a_variable_of_the_desk_on_its_own(reader):
    reads = re.compile(
        r"(?:environ\.get|environ\.__getitem__|getenv|environ\[|environ\.pop)\(?[\"']([A-Z_]+)"
    )
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("riskdesk", "accounts", "margin")
        for path in (ROOT / folder).rglob("*.py")
        for name in reads.findall(path.read_text())
        if name in reader.names and path.name not in ("env.py",) and "stack" not in path.parts
    }
    assert found == set()
