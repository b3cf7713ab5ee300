"""The rooms in a browser: dark and light, wide and narrow; by keyboard alone; names from outside are text."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.audit import record
from margin.models import Alert
from tests.browser.scenes import EVIL, opened
from tests.browser.stage import Stage
from tests.browser.test_every_page_looks_after_people import look_at
from tests.flow.scene import Scene

ROOMS = (
    "/alerts/?show=all",
    "/audit/",
    "/rulebook/?chapter=whole",
    "/stress/?preset=covid_2020_03_12",
    "/handover/",
    "/reports/",
    "/help/",
    "/help/levels/",
)


@pytest.fixture
def told(stage: Stage, scene: Scene) -> Scene:
    """Something to see in every room, with names made to harm."""
    stage.alert(
        "ACME is above its cap", sub_account=scene.account, client=scene.client, text=f"{EVIL}\n\n{EVIL}"
    )
    stage.alert("Settled", state="resolved", severity="warning")
    stage.alert(
        "Taken", state="acknowledged", acknowledged_by=stage.cast.rita, acknowledged_at=scene.now, note=EVIL
    )
    stage.aside(
        record,
        actor=EVIL,
        action="limit.proposed",
        subject=EVIL,
        desk=stage.cast.prime,
        before={"value": "10", EVIL: "1"},
        after={"value": EVIL},
        reason=EVIL,
    )
    return scene


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_every_room(stage: Stage, told: Scene, visit: Any, width: int, dark: bool) -> None:
    page: Page = visit(stage.cast.rita, width=width, dark=dark).page
    for path in ROOMS:
        page.goto(stage.base + path)
        for folded in page.locator("main details").all():
            folded.evaluate("node => { node.open = true }")
        look_at(page)
        assert page.evaluate("window.xss") is None, path


def test_alerts_are_taken_by_keyboard_alone(stage: Stage, told: Scene, visit: Any) -> None:
    stage.alert("Second of them")
    page = opened(visit, stage, "/alerts/")
    expect(page.locator(".alert-list .item")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".item .story").first).to_contain_text("Raised")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#bulk [data-count]")).to_have_text("2")
    page.get_by_label("Note for all of them").fill("Both called")
    page.keyboard.press("Enter")
    expect(page.locator(".alert-list .nothing")).to_be_visible()
    taken = stage.aside(
        lambda: sorted(Alert.objects.filter(note="Both called").values_list("title", flat=True))
    )
    assert taken == ["ACME is above its cap", "Second of them"]


def test_a_new_alert_comes_by_itself(stage: Stage, told: Scene, visit: Any) -> None:
    page = opened(visit, stage, "/alerts/")
    stage.alert(EVIL)
    stage.aside(told.step, "57000")
    expect(page.locator(".alert-list .item summary b", has_text="<img src=x")).to_be_visible()
    assert page.evaluate("window.xss") is None


def test_the_book_is_asked_at_once_and_the_address_keeps_the_shock(
    stage: Stage, told: Scene, visit: Any
) -> None:
    page: Page = visit(stage.cast.rita).page
    page.goto(f"{stage.base}/stress/")
    expect(page.locator("#result")).to_contain_text("Choose what happened once")
    page.get_by_label("Thin book").check(force=True)
    expect(page.locator("#result .figures")).to_be_visible()
    expect(page).to_have_url(re.compile("preset=thin_book"))
    expect(page.locator("#result")).to_contain_text("ACME")
    page.reload()
    expect(page.locator("#result h2", has_text="Thin book")).to_be_visible()


def test_the_keyboard_is_shown_and_leads_to_rooms(stage: Stage, told: Scene, visit: Any) -> None:
    page: Page = visit(stage.cast.rita).page
    page.goto(f"{stage.base}/audit/")
    page.wait_for_load_state()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/rulebook/"))
    page.locator("summary", has_text="Records").click()
    page.get_by_role("link", name=re.compile("^Handover")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Handover")
