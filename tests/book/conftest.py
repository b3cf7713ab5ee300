"""Frames land in a folder of their own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Any) -> Path:
    settings.ENV = replace(settings.ENV, data_dir=tmp_path)
    return tmp_path
