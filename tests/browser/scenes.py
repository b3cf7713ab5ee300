"""Real runs of a small real book before a real browser, names made to harm in it. Others paint frames."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from margin.flow.kept import forget_all
from riskdesk import clock
from tests import factories
from tests.browser.stage import Stage
from tests.flow.conftest import empty_shelf  # noqa: F401 - a fixture
from tests.flow.scene import Scene

EVIL = "<img src=x onerror='window.xss=1'>\u202e"


@pytest.fixture
def scene(stage: Stage) -> Scene:
    forget_all()
    return stage.aside(_scene, stage)


def _scene(stage: Stage) -> Scene:
    client = factories.client("ACME", of=stage.cast.prime, name=EVIL)
    account = factories.sub_account("ACME-1", of=client)
    account.name = EVIL
    account.save()
    btc = factories.instrument("BTC-PERP", stale_soft_seconds=600, stale_hard_seconds=1200)
    factories.balance(account, "10000")
    factories.position(account, btc, "1", "60000", ref=EVIL, strategy=EVIL)
    factories.limit(stage.cast.prime, "10")
    made = Scene(stage.cast.prime, client, account, btc, stage.cast.rita, now=clock.now())
    made.step("58000", seconds=0)
    return made


def step(stage: Stage, scene: Scene, price: str) -> None:
    stage.aside(scene.step, price)


def opened(visit: Any, stage: Stage, path: str, **look: Any) -> Page:
    """As rita sees it, once it is live."""
    page: Page = visit(stage.cast.rita, **look).page
    page.goto(stage.base + path, wait_until="commit")  # what matters is asked for below, with patience
    expect(page.locator("#phase-word")).to_have_text("Live")
    page.wait_for_load_state()  # every script of the page has run
    return page
