"""Static files come as one body: an ASGI server has nothing to stream, and nothing to warn of."""

from typing import Any

import pytest
from django.conf import settings
from django.test import AsyncClient

PATH = "/static/css/tokens.css"
WHOLE = (settings.BASE_DIR / "static/css/tokens.css").read_bytes()


@pytest.fixture
def client(tmp_path: Any, settings: Any) -> AsyncClient:
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    return AsyncClient()


async def test_a_file_is_one_body_with_its_type(client: AsyncClient):
    answer = await client.get(PATH)
    assert (answer.status_code, answer.streaming) == (200, False)
    assert answer.content == WHOLE
    assert answer["Content-Type"] == 'text/css; charset="utf-8"'


async def test_a_part_of_a_file_is_that_part(client: AsyncClient):
    answer = await client.get(PATH, headers={"Range": "bytes=3-9"})
    assert (answer.status_code, answer.content) == (206, WHOLE[3:10])


async def test_who_asks_only_for_the_head_gets_no_body(client: AsyncClient):
    answer = await client.head(PATH)
    assert (answer.content, answer["Content-Length"]) == (b"", str(len(WHOLE)))


async def test_what_has_not_changed_is_not_sent_again(client: AsyncClient):
    tag = (await client.get(PATH))["ETag"]
    answer = await client.get(PATH, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
