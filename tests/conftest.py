"""The cast of people that asks every door, and what every test shares.

rita  risk manager of PRIME          ada  limits admin of PRIME, staff
vic   viewer of PRIME                eve  second limits admin of PRIME, staff
otto  risk manager of RETAIL         nobody  signed in, without any grant
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import Desk, Role, User
from margin.flow.kept import forget_all
from tests import (
    factories,
    tries,  # noqa: F401 - before any property is read
)
from tests.emptying import emptied_by, keep
from tests.once import (  # noqa: F401 - fixtures
    _kernels_are_compiled_once,
    _static_files_are_found_once,
    django_db_modify_db_settings,
)


@dataclass(frozen=True)
class Cast:
    prime: Desk
    retail: Desk
    rita: User
    vic: User
    ada: User
    eve: User
    otto: User
    nobody: User


IS_ROOT = os.geteuid() == 0
WAITING = ["system", "browser", "gate", "live"]
COMPUTING = ["demo", "doors", "engine", "flow", "wiring"]
"""Folders with long modules are given out first, so that no worker is left with one at the end; a module
that waits for processes, then one that computes, so that the one's waiting is the other's time."""


def in_turn(modules: Iterable[Path]) -> dict[Path, int]:
    """Each module's place among all."""
    of: dict[str, list[Path]] = {}
    for module in sorted(set(modules)):
        of.setdefault(module.parent.name, []).append(module)
    waiting = [module for folder in WAITING for module in of.pop(folder, [])]
    computing = [module for folder in COMPUTING for module in of.pop(folder, [])]
    long = [module for two in zip_longest(waiting, computing) for module in two if module]
    return {module: place for place, module in enumerate([*long, *chain.from_iterable(of.values())])}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nothing is skipped. What only root can do (become somebody else) is left out for others, and said."""
    turn = in_turn(item.path for item in items)
    items.sort(key=lambda item: turn[item.path])
    if IS_ROOT:
        return
    left_out = [item for item in items if item.get_closest_marker("root")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not IS_ROOT:
        terminalreporter.write_line("Left out: the tests of starting as root, which only root can run.")


TESTS_MAY_EMPTY_TABLES = """
DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT tgrelid::regclass AS place FROM pg_trigger WHERE tgname = 'refuse_emptying' LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER refuse_emptying', found.place);
    END LOOP;
END $$
"""


# Sessions to come, of other processes too, and the one there is: whoever holds a lock may be held up itself.
TESTS_WAIT_FOR_LOCKS = """
DO $$ BEGIN
    EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET lock_timeout = ''90s''', current_database());
END $$;
SET lock_timeout = '90s'
"""


# A session that some thread left open would keep the database from being dropped, which fails the run.
NOBODY_ELSE_STAYS = """
SELECT pg_terminate_backend(pid, 90000) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests with real transactions empty all tables after themselves; a desk's database refuses that."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(TESTS_MAY_EMPTY_TABLES)
            cursor.execute(TESTS_WAIT_FOR_LOCKS)
        steps = keep()
    with emptied_by(steps):
        yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(NOBODY_ELSE_STAYS)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    """Figures lie in files: no test shall find those of another."""
    settings.ENV = replace(settings.ENV, data_dir=tmp_path)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: object) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_rules_kept() -> Iterator[None]:
    """A test's database counts its revisions anew."""
    yield
    forget_all()


@pytest.fixture
def cast(db: None) -> Cast:
    prime, retail = factories.desk(), factories.desk("RETAIL", "Europe/London")
    names = ("rita", "vic", "otto", "ada", "eve", "nobody")
    rita, vic, otto, ada, eve, nobody = factories.people(*names, staff=("ada", "eve"))
    factories.grants(
        (rita, prime, Role.RISK_MANAGER),
        (vic, prime, Role.VIEWER),
        (ada, prime, Role.LIMITS_ADMIN),
        (eve, prime, Role.LIMITS_ADMIN),
        (otto, retail, Role.RISK_MANAGER),
    )
    return Cast(prime, retail, rita, vic, ada, eve, otto, nobody)


@pytest.fixture
def prime(cast: Cast) -> Desk:
    return cast.prime


@pytest.fixture
def retail(cast: Cast) -> Desk:
    return cast.retail


@pytest.fixture
def rita(cast: Cast) -> User:
    return cast.rita


@pytest.fixture
def vic(cast: Cast) -> User:
    return cast.vic


@pytest.fixture
def ada(cast: Cast) -> User:
    return cast.ada


@pytest.fixture
def eve(cast: Cast) -> User:
    return cast.eve


@pytest.fixture
def otto(cast: Cast) -> User:
    return cast.otto


@pytest.fixture
def nobody(cast: Cast) -> User:
    return cast.nobody
