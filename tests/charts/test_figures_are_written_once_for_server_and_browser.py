"""Server and browser write every figure alike: both are held to one list of cases."""

import json
from pathlib import Path

import pytest

from margin import formats
from margin.engine.figures import Level

CASES = json.loads((Path(__file__).parents[1] / "cases" / "formats.json").read_text())


@pytest.mark.parametrize(
    ("name", "given", "written"), [(name, *case) for name, cases in CASES.items() for case in cases]
)
def test_the_server_writes(name: str, given: str | None, written: str) -> None:
    assert getattr(formats, name)(given) == written


def test_the_browser_is_asked_for_every_level_there_is() -> None:
    assert {given for given, _ in CASES["level"] if given} == {level.word for level in Level}
