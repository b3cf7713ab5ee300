"""A slip that no test needs to notice is named by its line; a line that has gone takes its reason along."""

from pathlib import Path

import pytest

from tests.mutation.survivors import REASONS

ENGINE = Path(__file__).parents[2] / "margin/engine"


@pytest.mark.parametrize("module", sorted({module for module, _, _ in REASONS}))
def test_every_reason_names_a_line_that_stands(module: str) -> None:
    lines = {line.strip() for line in (ENGINE / f"{module}.py").read_text(encoding="utf-8").splitlines()}
    assert {line for name, line, _ in REASONS if name == module} - lines == set()
