"""A server of the project's own, a folder for frames, and people with cookies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from tests.conftest import Cast
from tests.live.desk import Server, cookie_of, own_layer, serving


@pytest.fixture
def data_folder(settings: Any, tmp_path: Path) -> Path:
    settings.CHANNEL_LAYERS = own_layer(settings.CHANNEL_LAYERS)
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    return tmp_path


@pytest.fixture
def people(transactional_db: None, cast: Cast) -> Cast:
    return cast


@pytest.fixture
def cookies(people: Cast) -> dict[str, str]:
    named: list[User] = [people.rita, people.vic, people.otto, people.nobody]
    return {person.username: cookie_of(person) for person in named}


@pytest.fixture
async def server(data_folder: Path, cookies: dict[str, str]) -> AsyncIterator[Server]:
    async with serving() as running:
        yield running
