"""The engine is pure: values in, values out."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import margin.engine

FILES = sorted(Path(margin.engine.__file__).parent.glob("*.py"))
FORBIDDEN = {
    "django",
    "accounts",
    "riskdesk",
    "requests",
    "socket",
    "subprocess",
    "pathlib",
    "io",
    "time",
    "random",
    "secrets",
    "uuid",
    "os",
}
COMPILED = "compiled"
"""It asks the machine how many processors there are, and tells the compiler."""


def reaches_outside(source: str, stem: str) -> set[str]:
    """What the text of a module names that is not handed in."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if is_outside(alias.name)}
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {name for name in names if is_outside(name)}
        elif isinstance(node, ast.Attribute) and node.attr == "random":
            found.add("numpy.random")
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found |= {called} & {"open", "print", "now", "utcnow", "today", "input"}
    return {name for name in found if stem != COMPILED or name != "os"}


def is_outside(name: str) -> bool:
    if name.startswith("margin."):
        return not name.startswith("margin.engine")
    return name.split(".")[0] in FORBIDDEN or name.startswith("numpy.random")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_no_file_of_the_engine_reaches_outside(file: Path) -> None:
    assert reaches_outside(file.read_text(encoding="utf-8"), file.stem) == set()


@pytest.mark.parametrize(
    "source",
    [
        *("import os", "from os import environ", "import secrets", "import random", "from uuid import uuid4"),
        *("import numpy as np; np.random.rand()", "from numpy import random", "import numpy.random"),
        *("from margin.models import Run", "import margin.models", "open('x')", "datetime.now()"),
    ],
)
def test_a_module_that_reaches_outside_would_be_found(source: str) -> None:
    assert reaches_outside(source, "limits")


def test_importing_all_of_it_loads_no_django() -> None:
    modules = ", ".join(f"margin.engine.{file.stem}" for file in FILES if file.stem != "__init__")
    code = f"import sys, {modules}; raise SystemExit(any(name.startswith('django') for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_exact_engine_does_not_wait_for_the_compiler() -> None:
    code = "import sys, margin.engine.exact; raise SystemExit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_index_of_the_package_names_every_module(file: Path) -> None:
    assert file.stem == "__init__" or f"`{file.stem}`" in str(margin.engine.__doc__)


def test_the_index_names_no_module_that_is_not_there() -> None:
    named = re.findall(r"`(\w+)`", str(margin.engine.__doc__))
    assert set(named) == {file.stem for file in FILES} - {"__init__"}
