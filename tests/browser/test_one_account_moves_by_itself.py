"""The page of one account in a real browser: figures move, workings open, nothing from outside runs."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.scenes import opened, step
from tests.browser.stage import Stage
from tests.browser.test_every_page_looks_after_people import look_at
from tests.flow.scene import Scene

ACME = "/accounts/ACME-1/"


def test_a_figure_and_a_chart_change_without_a_reload(stage: Stage, scene: Scene, visit: Any) -> None:
    page = opened(visit, stage, ACME)
    equity = page.locator('[data-key="equity"] .big a')
    expect(equity).to_have_text("8,000.00")
    expect(page.locator('[data-plot="ladder"] .main-svg').first).to_be_visible()
    page.evaluate("window.stayed = true")
    step(stage, scene, "59000")
    expect(equity).to_have_text("9,000.00")
    expect(page.locator('[data-plot="ladder"] figcaption')).to_contain_text("is liquidated at")
    assert page.evaluate("window.stayed")


def test_on_a_phone_every_figure_of_a_position_and_the_cap_can_be_read(
    stage: Stage, scene: Scene, visit: Any
) -> None:
    page = opened(visit, stage, ACME, width=360)
    expect(page.locator('[data-key="leverage"]')).to_contain_text("cap 10×")
    expect(page.locator('[data-key="leverage"] .unit')).to_be_visible()
    positions = page.locator('[aria-label="Positions"]')
    assert positions.evaluate("node => node.scrollWidth <= node.clientWidth")
    expect(positions.get_by_role("cell")).to_have_count(10)
    look_at(page)


def test_why_opens_beside_the_page_and_closes_where_it_was_asked(
    stage: Stage, scene: Scene, visit: Any
) -> None:
    page = opened(visit, stage, ACME)
    link = page.locator('[data-key="utilisation"] .big a')
    link.press("Enter")
    why = page.locator("#why")
    expect(why).to_contain_text("MM_house/E")
    expect(why).to_be_focused()
    expect(page).to_have_url(re.compile("why=utilisation"))
    step(stage, scene, "59000")
    expect(page.locator('[data-key="equity"] .big a')).to_have_text("9,000.00")
    expect(why).to_contain_text("MM_house/E")  # a reader is not disturbed by the next run
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    expect(link).to_be_focused()


def test_a_flipped_position_is_compared_at_once(stage: Stage, scene: Scene, visit: Any) -> None:
    page = opened(visit, stage, ACME)
    page.locator("#modes-panel").scroll_into_view_if_needed()
    modes = page.locator("#modes")
    expect(modes).to_contain_text("All isolated")
    modes.get_by_role("checkbox").first.check()
    expect(modes).to_contain_text("As tried")
    expect(page).to_have_url(re.compile("flip="))


def test_a_name_made_to_harm_is_text(stage: Stage, scene: Scene, visit: Any) -> None:
    page = opened(visit, stage, "/accounts/ACME-1/?why=equity")
    expect(page.locator("h1")).to_contain_text("<img src=x")
    page.locator("#modes-panel").scroll_into_view_if_needed()
    expect(page.locator("#modes")).to_contain_text("All isolated")
    step(stage, scene, "59000")
    expect(page.locator('[data-key="equity"] .big a')).to_have_text("9,000.00")
    assert page.evaluate("window.xss") is None


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_it_looks_after_people(stage: Stage, scene: Scene, visit: Any, width: int, dark: bool) -> None:
    page = opened(visit, stage, ACME, width=width, dark=dark)
    page.locator("#modes-panel").scroll_into_view_if_needed()
    expect(page.locator("#modes")).to_contain_text("All isolated")
    look_at(page)
    page.locator('[data-key="equity"] .big a').click()
    expect(page.locator("#why")).to_contain_text("recognised collateral")
    look_at(page)
