"""The map's table of rooms says what the import contracts enforce."""

import ast
import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs/internals/map.md").read_text()
NO_ROOMS = {"apps", "migrations"}
WIRING = {"celery", "schedule", "settings", "start"}
"""Parts of the project that a door or a command may ask for although they are no ground."""


def contract(beginning: str) -> dict[str, Any]:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(one for one in told if one["name"].startswith(beginning))


def layers() -> list[set[str]]:
    """The rooms of margin by rank, the lowest first."""
    return [set(re.findall(r"\w+", line)) for line in reversed(contract("The rooms have ranks")["layers"])]


def rows() -> list[tuple[set[str], str]]:
    """Of each row of the table that names rooms of margin: the rooms, and what they may import."""
    found = re.findall(r"^\| (`margin/.*?) \|.*\| (.*) \|$", MAP.split("## Where")[0], re.M)
    return [(set(re.findall(r"margin/(\w+)", rooms)), may) for rooms, may in found]


def test_every_room_of_the_tree_has_a_rank() -> None:
    assert contract("The rooms have ranks")["exhaustive"] is True
    there = {path.parent.name for path in (ROOT / "margin").glob("*/__init__.py")}
    there |= {path.stem for path in (ROOT / "margin").glob("*.py")} - {"__init__"}
    assert there - NO_ROOMS == set.union(*layers())


def test_the_table_names_the_rooms_in_the_order_of_their_ranks() -> None:
    ranks = [next(n for n, layer in enumerate(layers()) if rooms <= layer) for rooms, _ in rows()]
    assert ranks == sorted(ranks)
    for number, layer in enumerate(layers()):
        told = set().union(*(rooms for rank, (rooms, _) in zip(ranks, rows(), strict=True) if rank == number))
        assert told == layer


def test_the_table_says_of_each_room_the_rank_below() -> None:
    said = {room: may for rooms, may in rows() for room in rooms}
    assert {said[room] for room in layers()[0]} == {"nothing"}
    for below, layer in pairwise(layers()):
        for room in layer:
            words = set(re.findall(r"\w+", said[room]))
            assert words & below or said[room] in {"all of these", "doors"}, (room, said[room])


def test_what_the_rooms_import_of_the_project_is_its_ground() -> None:
    ground = {name.removeprefix("riskdesk.") for name in contract("The project's ground")["source_modules"]}
    taken = set()
    for room in ("accounts", "margin"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == "riskdesk":
                    taken |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("riskdesk."):
                    taken.add((node.module or "").split(".")[1])
    assert taken - WIRING <= ground


def test_the_table_of_the_flow_names_each_of_its_modules_once() -> None:
    told = MAP.split("### The modules of `margin/flow/`")[1].split("\n## ")[0]
    named = re.findall(r"`(\w+)`", told)
    assert sorted(named) == sorted(path.stem for path in (ROOT / "margin/flow").glob("[!_]*.py"))
