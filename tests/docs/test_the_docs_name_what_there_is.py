"""Pages about levels, rules, limits, commands and folders name exactly what the code has."""

import re
from pathlib import Path

import pytest

from margin.engine.figures import Level
from margin.models import Breach, Limit

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]


def first_cells(page: str) -> set[str]:
    """What stands in back-ticks in the first cell of each table row."""
    return set(re.findall(r"^\| `([^`]+)`", (DOCS / page).read_text(), re.M))


def test_every_level_is_explained_and_no_other() -> None:
    assert first_cells("concepts/margin.md") == {level.word for level in Level}


def test_every_breach_rule_is_explained_and_no_other() -> None:
    assert first_cells("concepts/limits-and-alerts.md") == set(Breach.Rule.values)


@pytest.mark.parametrize("word", [*Limit.Kind.values, *Limit.Scope.values])
def test_every_limit_kind_and_scope_is_explained(word: str) -> None:
    assert f"`{word}`" in (DOCS / "concepts/limits-and-alerts.md").read_text()


def test_every_command_is_listed_and_no_other() -> None:
    ours = {
        path.stem
        for path in ROOT.glob("*/management/commands/*.py")
        if path.stem != "__init__" and ".venv" not in path.parts
    }
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)) - {"help"}
    assert first_cells("reference/commands.md") == ours | {f"make {target}" for target in targets}


def test_every_folder_of_the_map_exists_and_every_room_is_on_it() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+)`", (DOCS / "internals/map.md").read_text()))
    assert {name for name in named if not (ROOT / name).is_dir()} == set()
    rooms = {f"margin/{path.parent.name}/" for path in (ROOT / "margin").glob("*/__init__.py")}
    assert rooms - named - {"margin/migrations/"} == set()


def test_every_file_named_in_the_internals_exists() -> None:
    text = "".join(page.read_text() for page in (DOCS / "internals").glob("*.md"))
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())]
    local = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_index_of_decisions_names_every_page() -> None:
    named = set(re.findall(r"\]\(([a-z-]+\.md)\)", (DOCS / "decisions/README.md").read_text()))
    assert named == {page.name for page in (DOCS / "decisions").glob("*.md")} - {"README.md"}
