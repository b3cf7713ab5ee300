"""The table of slips and what is said to be left out of it are together the whole engine."""

import re
from pathlib import Path

from tests.mutation.covering import MODULES

ROOT = Path(__file__).parents[2]
TOLD = (ROOT / "docs/internals/proofs.md").read_text().split("## Wrong turns")[1].split("\n## ")[0]
TABLE = re.findall(r"^\| `(\w+)` \|", TOLD, flags=re.MULTILINE)
LEFT_OUT = re.findall(r"`([\w*]+)`", TOLD.split("asked but for ")[1].split("Of the modules")[0])


def test_the_table_has_every_module_that_is_asked() -> None:
    assert sorted(TABLE) == sorted(MODULES)


def test_every_other_module_is_named_as_left_out() -> None:
    engine = ROOT / "margin/engine"
    others = {path.stem for path in engine.glob("*.py")} - {"__init__", *MODULES}
    assert {path.stem for word in LEFT_OUT for path in engine.glob(f"{word}.py")} - {"exact"} == others
