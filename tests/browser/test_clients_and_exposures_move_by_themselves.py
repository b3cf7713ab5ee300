"""A client and the exposures in a real browser: figures move, links lead on, nothing from outside runs."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.scenes import opened, step
from tests.browser.stage import Stage
from tests.browser.test_every_page_looks_after_people import look_at
from tests.flow.scene import Scene


def test_a_client_moves_and_leads_to_the_account(stage: Stage, scene: Scene, visit: Any) -> None:
    page = opened(visit, stage, "/clients/ACME/")
    equity = page.locator('[data-key="equity"] .big')
    expect(equity).to_contain_text("8,000.00")
    expect(page.locator("#caps tbody tr").first).to_contain_text("binds")
    expect(page.locator('[data-plot="holds"] .main-svg').first).to_be_visible()
    page.evaluate("window.stayed = true")
    step(stage, scene, "59000")
    expect(equity).to_contain_text("9,000.00")
    assert page.evaluate("window.stayed")
    assert page.evaluate("window.xss") is None
    page.get_by_role("link", name="ACME-1", exact=True).first.click()
    expect(page).to_have_url(re.compile("/accounts/ACME-1/"))


def test_exposures_move_and_a_row_opens_who_holds_it(stage: Stage, scene: Scene, visit: Any) -> None:
    page = opened(visit, stage, "/exposures/?by=strategy")
    gross = page.locator('[data-key="gross"] .big')
    expect(gross).to_contain_text("58,000")
    expect(page.locator("#table")).to_contain_text("<img src=x")
    page.evaluate("window.stayed = true")
    step(stage, scene, "59000")
    expect(gross).to_contain_text("59,000")
    expect(page.locator('[data-plot="bars"] figcaption')).to_contain_text("59,000")
    assert page.evaluate("window.stayed")
    page.locator("#table tbody a").first.click()
    expect(page.locator("#beside")).to_contain_text("Who holds <img src=x")
    expect(page.get_by_role("link", name="ACME", exact=True)).to_be_visible()
    assert page.evaluate("window.xss") is None


def test_ctrl_k_finds_an_account_by_a_part_of_its_name(stage: Stage, scene: Scene, visit: Any) -> None:
    page = opened(visit, stage, "/exposures/")
    page.keyboard.press("Control+k")
    page.keyboard.insert_text("cme-1")  # at one stroke: one answer comes
    rows = page.locator(".find li")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("<img src=x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/accounts/ACME-1/"))
    assert page.evaluate("window.xss") is None


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_they_look_after_people(stage: Stage, scene: Scene, visit: Any, width: int, dark: bool) -> None:
    page = opened(visit, stage, "/clients/ACME/", width=width, dark=dark)
    look_at(page)
    page.goto(f"{stage.base}/exposures/?by=asset&key=BTC-PERP")
    expect(page.locator("#phase-word")).to_have_text("Live")
    look_at(page)
    page.goto(f"{stage.base}/find/?q=nothing-of-this-name")
    expect(page.locator(".found .none").first).to_be_visible()
    look_at(page)
