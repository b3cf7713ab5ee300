"""A desk in a database of its own, a clock that stands still, and messages that are kept instead of sent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from riskdesk.clock import pinned
from tests.factories import MONDAY_NOON


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Any) -> Path:
    settings.ENV = replace(settings.ENV, data_dir=tmp_path)
    return tmp_path


@pytest.fixture
def noon() -> Iterator[None]:
    with pinned(MONDAY_NOON):
        yield


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Asked-for cycles, as (shard, trigger)."""
    kept: list[tuple[int, str]] = []
    monkeypatch.setattr(
        "margin.flow.wanted.send_recompute", lambda shard, trigger: kept.append((shard, trigger))
    )
    return kept
