"""Every page, dark and light, wide and narrow: controls have names, texts can be read, nothing overflows."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from margin.models import Delivery
from riskdesk import clock
from riskdesk.demo_people import PASSWORD
from tests.browser.looks import CONTROLS_WITHOUT_NAMES, POOR_CONTRAST
from tests.browser.stage import Stage
from tests.pages.frames import account, position

LEVELS = ("liquidation", "unknown", "margin_call", "danger", "at_risk", "watch", "normal")


def dress(stage: Stage, html: str = "<p>Leverage <b>10.4</b></p>") -> list[str]:
    """Something of everything; gives the addresses to look at."""
    rows = [account(f"A{level.upper().replace('_', '')}-1", level=level) for level in LEVELS]
    stage.run(rows, [position(rows[0]["account"])])
    stage.alert("ACME is above its leverage cap")
    stage.alert("XAG-CFD has no price", severity="warning")
    stage.alert("Taken", state="acknowledged", acknowledged_by=stage.cast.rita, note="On it")
    stage.alert("Settled", state="resolved", resolved_at=clock.now())
    letter = stage.aside(
        Delivery.objects.create,
        desk=stage.cast.prime,
        kind="alert",
        recipient="rita@desk.example",
        subject="ACME is above its leverage cap",
        text="Leverage 10.4",
        html=html,
        created_at=clock.now(),
        due_at=clock.now(),
    )
    return [
        "/",
        "/mail/",
        f"/mail/{letter.message_id}/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/sessions/",
    ]


def look_at(page: Page) -> None:
    assert page.evaluate(CONTROLS_WITHOUT_NAMES) == []
    assert page.evaluate(POOR_CONTRAST) == []
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    assert page.locator("html[lang]").count() == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_signed_in(stage: Stage, visit: Any, width: int, dark: bool) -> None:
    visitor = visit(stage.cast.rita, width=width, dark=dark)
    for path in dress(stage):
        page = visitor.open(path)
        if path == "/":
            expect(page.locator("#phase-word")).to_have_text("Live")
            page.locator("tr.row").first.click()
            expect(page.locator(".drawer")).to_be_visible()
        look_at(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_at_the_door(stage: Stage, visit: Any, width: int, dark: bool) -> None:
    visitor = visit(None, width=width, dark=dark)
    look_at(visitor.open("/accounts/login/"))


def test_a_mail_is_shown_as_it_looked_and_nothing_in_it_runs(stage: Stage, visit: Any) -> None:
    visitor = visit(stage.cast.rita)
    page = visitor.open(dress(stage, "<p>Leverage <b>10.4</b></p><script>window.xss = 1</script>")[2])
    expect(page.frame_locator("iframe").locator("b")).to_have_text("10.4")
    assert page.frames[1].url.endswith("/body/")
    assert page.frames[1].evaluate("window.xss") is None
    (said,) = visitor.faults
    assert "Blocked script execution" in said
    visitor.faults.clear()


def test_the_theme_is_chosen_once_and_kept(stage: Stage, visit: Any) -> None:
    stage.run([account()])
    page = visit(stage.cast.rita).open()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator("summary", has_text="Signed in as").click()
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark", "said by the server: nothing flashes"
    assert page.evaluate(ground) == dark


def test_a_name_made_to_harm_is_text_wherever_it_appears(stage: Stage, visit: Any) -> None:
    evil = "<img src=x onerror='window.xss=1'>\u202e"
    stage.run([account("ACME-1", client_name=evil)], [position("ACME-1", instrument=evil)])
    page = visit(stage.cast.rita).open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    stage.alert(evil, text=evil)
    stage.run([account("ACME-1", client_name=evil + "2")], [position("ACME-1", instrument=evil)])
    expect(page.locator('[data-cell="client_name"]').first).to_contain_text("<img src=x")
    expect(page.locator("#rail h3")).to_contain_text("<img src=x")
    page.locator("tr.row").first.click()
    expect(page.locator(".drawer")).to_contain_text("<img src=x")
    assert page.evaluate("window.xss") is None


def test_signing_in_by_the_form_opens_the_desk(stage: Stage, visit: Any) -> None:
    stage.run([account()])
    page = visit(None).open("/")
    page.get_by_label("Username").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#phase-word")).to_have_text("Live")
