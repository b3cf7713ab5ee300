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
}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_no_file_of_the_engine_reaches_outside(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            for name in names:
                assert name.split(".")[0] not in FORBIDDEN, name
                assert not name.startswith("margin.") or name.startswith("margin.engine"), name
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in {"open", "print", "now", "utcnow", "today", "input"}, called


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
