"""A warm start asks the database for nothing; a start that anything new belongs to skips nothing."""

from types import SimpleNamespace

import pytest

from riskdesk.env import read_environment
from riskdesk.stack import prepare
from riskdesk.stack.services import Services

URLS = {"DATABASE_URL": "postgresql://app@h/d", "DATABASE_OWNER_URL": "postgresql://owner@h/d"}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A project of one package and one migration."""
    (tmp_path / "room/migrations").mkdir(parents=True)
    (tmp_path / "room/migrations/0001_first.py").write_text("operations = []")
    (tmp_path / "requirements.txt").write_text("django==1")
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def start(source):
    """Prepare as a start does; gives the address it was done with, if it was done."""
    ran = []

    def run_to_end(part):
        ran.append(read_environment(part.environment).database_url)
        return SimpleNamespace(process=SimpleNamespace(returncode=0))

    supervisor = SimpleNamespace(console=SimpleNamespace(say=lambda *_: None), run_to_end=run_to_end)

    def begin(*, demo=False, embedded=True, **named):
        ran.clear()
        services, places = Services(URLS, embedded_database=embedded), SimpleNamespace(services=source)
        prepare.prepare_database(supervisor, places, services, URLS | named, demo=demo)
        return list(ran)

    return begin


def test_a_first_start_works_as_the_owner_and_the_next_one_skips_it(start):
    assert start() == [URLS["DATABASE_OWNER_URL"]]
    assert start() == []


def test_a_new_migration_a_changed_one_new_packages_and_another_wish_for_the_demo_are_not_skipped(
    start, source
):
    assert start()
    (source / "room/migrations/0002_second.py").write_text("operations = []")
    assert start()
    (source / "room/migrations/0002_second.py").write_text("operations = [1]")
    assert start()
    (source / "requirements.txt").write_text("django==2")
    assert start()
    assert start(demo=True)
    assert start(demo=True) == []


def test_a_database_that_somebody_else_runs_is_asked_at_every_start(start):
    assert start(embedded=False)
    assert start(embedded=False)


def test_two_roles_named_by_files_are_no_contradiction(start, tmp_path):
    for name, url in URLS.items():
        (tmp_path / name).write_text(url)
    named = {f"{name}_FILE": str(tmp_path / name) for name in URLS}
    assert start(embedded=False, **named) == [URLS["DATABASE_OWNER_URL"]]
