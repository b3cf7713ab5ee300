"""What is the same for every test of a run, made once instead of each time.

The database: the first of several workers migrates one, and each takes a copy of it. The kernels: a worker
waits for one that another is compiling, and finds it in the cache. The list of static files: every test
client makes the middleware anew, which would look through all folders each time.
"""

import fcntl
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from whitenoise.responders import StaticFile

from riskdesk.static_files import WholeFiles

MIGRATED = "test_riskdesk_migrated"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None,
    django_db_use_migrations: bool,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> None:
    """Under one worker all stays as Django has it; several share a folder, whose lock says who migrates."""
    if worker_id == "master" or not django_db_use_migrations:
        return
    of_this_run = tmp_path_factory.getbasetemp().parent
    with (of_this_run / "migrating").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = of_this_run / "migrated"
        if not done.exists():
            make_migrated()
            done.touch()
    connection.settings_dict["TEST"]["TEMPLATE"] = MIGRATED


def make_migrated() -> None:
    """Leaves it closed: a database that somebody looks at cannot be copied."""
    own, wanted = connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"]
    connection.settings_dict["TEST"]["NAME"] = MIGRATED
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"] = own, wanted


@pytest.fixture(scope="session", autouse=True)
def _kernels_are_compiled_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """A minute of computing in a fresh copy of the project. Each kernel has a lock of its own."""
    if worker_id == "master":
        yield
        return
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.dispatcher import Dispatcher

    of_this_run, by_numba = tmp_path_factory.getbasetemp().parent, Dispatcher.compile
    held: set[str] = set()

    def compile_or_wait(self: Any, signature: Any) -> Any:
        name = f"{self.py_func.__module__}.{self.py_func.__name__}"
        if not name.startswith("margin.") or name in held:
            return by_numba(self, signature)
        with global_compiler_lock, (of_this_run / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held.add(name)
            try:
                return by_numba(self, signature)
            finally:
                held.discard(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatcher, "compile", compile_or_wait)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    found: dict[str, StaticFile] = {}
    look = WholeFiles.add_files_from_finders

    def add_found(self: WholeFiles) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WholeFiles, "add_files_from_finders", add_found)
        yield
