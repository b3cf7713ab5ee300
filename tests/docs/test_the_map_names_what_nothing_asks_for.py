"""The map says which functions of the engine no room asks for: neither too few nor too many."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "margin/engine"
TOLD = (ROOT / "docs/internals/map.md").read_text().split("Engine modules that nothing")[1].split("\n## ")[0]
MODULES, FUNCTIONS = TOLD.split("Functions of other modules")


def unreached() -> set[Path]:
    words = re.findall(r"`([\w*]+)`", MODULES.split("; `")[0])
    return {path for word in words for path in ENGINE.glob(f"{word}.py")}


def asked_for(path: Path) -> Iterator[str]:
    """What a file imports of the engine by name, or of a module it imports; within a module, each name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    real = {alias.asname: alias.name for node in imports for alias in node.names if alias.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("margin.engine."):
            yield from (f"{(node.module or '').split('.')[2]}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{real.get(node.value.id, node.value.id)}.{node.attr}"
        elif isinstance(node, ast.Name) and path.parent == ENGINE:
            yield f"{path.stem}.{node.id}"


def test_functions_without_a_caller_are_those_the_map_names() -> None:
    left_out = unreached()
    files = [path for room in ("accounts", "margin") for path in (ROOT / room).rglob("*.py")]
    asked = {name for path in files if path not in left_out for name in asked_for(path)}
    offered = {
        f"{path.stem}.{node.name}"
        for path in set(ENGINE.glob("*.py")) - left_out
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert offered - asked == set(re.findall(r"`(\w+\.\w+)`", FUNCTIONS))
