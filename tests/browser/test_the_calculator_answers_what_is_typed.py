"""What is typed or linked is shown in three modes; what is wrong is said at its field."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Stage
from tests.browser.test_every_page_looks_after_people import look_at


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_an_account_is_shown_in_three_modes(stage: Stage, visit: Any, width: int, dark: bool) -> None:
    page = visit(stage.cast.rita, width=width, dark=dark).open("/calculator/")
    expect(page.locator("#modes tr")).to_have_count(14)
    expect(page.locator("#advice-mode")).to_contain_text("Hybrid")
    expect(page.locator("#modes-chart .main-svg").first).to_be_visible()
    look_at(page)
    page.get_by_role("button", name="One bet at 50×").click()
    expect(page.locator("#advice .warn")).to_contain_text("the whole wallet goes")


def test_what_is_wrong_is_said_at_its_field_and_a_link_shows_the_account_again(
    stage: Stage, visit: Any
) -> None:
    visitor = visit(stage.cast.rita)
    page = visitor.open("/calculator/")
    expect(page.locator("#modes tr")).to_have_count(14)
    field = page.locator('[data-table="positions"] [data-name="quantity"]').first
    field.fill("1e3")
    field.press("Enter")
    expect(page.locator(".says")).to_contain_text("no exponent")
    field.fill("2")
    field.press("Enter")
    expect(page.locator(".says")).to_have_count(0)
    visitor.faults.clear()  # the browser itself notes the refused request
    again = visit(stage.cast.rita).open("/calculator/" + page.url.partition("/calculator/")[2])
    expect(again.locator('[data-table="positions"] [data-name="quantity"]').first).to_have_value("2")
