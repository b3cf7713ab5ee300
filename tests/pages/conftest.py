import dataclasses
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def book(settings: Any, tmp_path: Path) -> Path:
    """A data folder of one's own, where frames are written and read."""
    settings.ENV = dataclasses.replace(settings.ENV, data_dir=tmp_path)
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    return tmp_path
