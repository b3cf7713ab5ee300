"""A data folder whose parents the database account can pass (pytest's own folders are closed to it)."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="riskdesk-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data(open_folder: Path) -> Path:
    return open_folder / "data"


@pytest.fixture
def database_url() -> str:
    """The database of the command these tests run under."""
    return os.environ["DATABASE_OWNER_URL"]


@pytest.fixture
def redis_url() -> str:
    return os.environ["REDIS_URL"]
