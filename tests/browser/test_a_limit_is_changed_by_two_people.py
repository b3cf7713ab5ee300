"""One person tries and proposes a limit, another approves it, and the page of limits shows it in force."""

from typing import Any

import pytest
from playwright.sync_api import expect

from margin.models import Limit
from tests.browser.stage import Stage
from tests.browser.test_every_page_looks_after_people import look_at
from tests.flow.scene import Scene


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)], ids=["wide, light", "narrow, dark"])
def test_propose_try_and_approve_by_another(
    stage: Stage, scene: Scene, visit: Any, width: int, dark: bool
) -> None:
    page = visit(stage.cast.ada, width=width, dark=dark).open("/limits/?desk=PRIME")
    expect(page.locator("#table")).to_contain_text("72.5 %")
    look_at(page)
    page.get_by_role("link", name="Change leverage of").click()
    page.locator("[name=value]").fill("5")
    page.get_by_label("Why").fill("Volatility has doubled")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".verdicts [data-key=broken]")).to_have_text("1rule would break")
    expect(page.locator(".dry")).to_contain_text("ACME")
    look_at(page)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Leverage")
    expect(page.locator(".verdicts [data-key=broken]")).to_have_text("1rule would break")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    look_at(page)
    address = page.url.removeprefix(stage.base)

    other = visit(stage.cast.eve, width=width, dark=dark).open(address)
    expect(other.locator("ins").first).to_have_text("5×")
    other.get_by_role("button", name="Approve").focus()
    other.keyboard.press("Enter")
    expect(other.locator(".state")).to_have_text("Approved")
    assert stage.aside(lambda: Limit.objects.get(revision_to=None).value) == 5
    other.goto(f"{stage.base}/limits/?desk=PRIME")
    expect(other.locator("#table")).to_contain_text("145.0 %")
    other.locator("#table tbody th a").first.click()
    expect(other.locator(".versions")).to_contain_text("Volatility has doubled")
    look_at(other)
