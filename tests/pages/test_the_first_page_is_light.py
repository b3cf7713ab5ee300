"""The first page weighs less than 150 kB compressed, charts apart, and names nothing of another host."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from margin.book.frame import write_frame
from tests.conftest import Cast
from tests.pages.frames import account, frame

MOST_BYTES = 150_000
STATIC = settings.BASE_DIR / "static"


@pytest.fixture
def page(client: Client, cast: Cast, book: Path) -> str:
    write_frame(frame([account(f"ACME-{number}") for number in range(220)]))
    client.force_login(cast.rita)
    return client.get("/").content.decode()


def weight(data: bytes) -> int:
    return len(gzip.compress(data))


def pulled_in(name: str) -> set[str]:
    """The files a style sheet asks for: fonts above all."""
    if not name.endswith(".css"):
        return set()
    asked = re.findall(r"""url\(["']?(?!data:)([^"')]+)""", (STATIC / name).read_text())
    return {str((STATIC / name).parent.joinpath(one).resolve().relative_to(STATIC)) for one in asked}


def test_compressed_it_stays_below_the_budget(page: str) -> None:
    named = set(re.findall(r'"/static/([^"]+)"', page))
    modules = {f"js/{path.name}" for path in (STATIC / "js").glob("*.js")}
    files = {name for name in named | modules if "plotly" not in name}
    files |= {asked for name in files for asked in pulled_in(name)}
    assert {"css/grid.css", "vendor/inter-latin-5.3.0.woff2"} <= files
    assert weight(page.encode()) + sum(weight((STATIC / name).read_bytes()) for name in files) < MOST_BYTES


def test_nothing_comes_from_elsewhere_and_no_script_is_inline(page: str) -> None:
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert all(
        'src="/static/' in tag or 'type="application/json"' in tag
        for tag in re.findall(r"<script[^>]*>", page)
    )
    assert not re.findall(r'\son\w+="', page)
