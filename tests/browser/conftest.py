"""A real browser before a real server. Every page is watched: no console error, no breach of the policy."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from accounts.models import User
from tests.browser.scenes import empty_shelf, scene  # noqa: F401 - fixtures
from tests.browser.stage import Stage, serving
from tests.conftest import Cast
from tests.live.desk import cookie_of, own_layer

PATIENCE_MS = 90_000  # of a machine that does much else
expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module: its driver holds an event loop in this thread, which no other test must meet."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as driver:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # fixtures touch rows beside that loop
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def stage(
    browser: Browser, transactional_db: None, cast: Cast, settings: Any, tmp_path: Path
) -> Iterator[Stage]:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    settings.CHANNEL_LAYERS = own_layer(settings.CHANNEL_LAYERS)
    with serving() as base:
        play = Stage(base, cast)
        yield play
        play.close()


class Visitor:
    """A person with a browser of their own; what goes wrong in it is remembered."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self.base = base
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def sign_in(self, person: User) -> None:
        """By cookie: the form has a test of its own."""
        name = django_settings.SESSION_COOKIE_NAME
        self.context.add_cookies([{"name": name, "value": cookie_of(person), "url": self.base}])

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.base + path)
        return self.page


@pytest.fixture
def visit(browser: Browser, stage: Stage) -> Iterator[Any]:
    """Make a visitor: `visit(rita, width=390, dark=True)`. Faults of any page fail the test."""
    visitors: list[Visitor] = []

    def make(
        person: User | None = None, *, width: int = 1440, height: int = 900, dark: bool = False
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context, stage.base)
        visitors.append(visitor)
        if person is not None:
            visitor.sign_in(person)
        return visitor

    yield make
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.context.close()
    assert not faults
