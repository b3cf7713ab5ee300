"""No old number ever looks live: silence, a desk that stopped computing, a session that ended."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from riskdesk import clock
from tests.browser.stage import Stage
from tests.pages.frames import account


def test_figures_older_than_fifteen_seconds_are_marked_frozen(stage: Stage, visit: Any) -> None:
    """Time stands still, at the desk and in the browser, but for those seconds."""
    start = clock.now()
    with clock.pinned(start):
        stage.run([account()])
        visitor = visit(stage.cast.rita)
        visitor.page.clock.install(time=start)
        visitor.page.clock.pause_at(start + timedelta(seconds=1))
        page = visitor.open()
        expect(page.locator("#phase-word")).to_have_text("Live")
        expect(page.locator("#frozen")).to_be_hidden()
    with clock.pinned(start + timedelta(seconds=16)):
        page.clock.fast_forward(16_000)
        expect(page.locator("#frozen")).to_contain_text("Numbers are frozen at")
        expect(page.locator("#frozen")).to_be_visible()
        expect(page.locator(".watermark")).to_be_visible()


def test_an_ended_session_leads_to_the_sign_in_page(stage: Stage, visit: Any) -> None:
    stage.run([account()])
    visitor = visit(stage.cast.rita)
    page = visitor.open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    other = visitor.context.new_page()
    other.goto(stage.base + "/accounts/logout/")
    other.get_by_role("button", name="Sign Out").click()
    page.wait_for_url("**/accounts/login/?next=%2F")


def test_a_desk_that_cannot_be_reached_is_stale_and_comes_back(stage: Stage, visit: Any) -> None:
    stage.run([account()])
    visitor = visit(stage.cast.rita)
    cut = {"now": False}

    def route(socket: Any) -> None:
        if cut["now"]:
            socket.close(code=1013)
        else:
            server = socket.connect_to_server()
            cut["server"] = (socket, server)

    visitor.page.route_web_socket("**/ws/desk/**", route)
    page = visitor.open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    page.evaluate("window.stayed = true")
    cut["now"] = True
    cut["server"][0].close(code=1012)
    expect(page.locator("#phase-word")).to_have_text("Reconnecting")
    cut["now"] = False
    stage.run([account(equity="49000.00")])
    expect(page.locator("#phase-word")).to_have_text("Live")
    expect(page.locator('[data-cell="equity"]').first).to_have_text("49,000.00")
    assert page.evaluate("window.stayed")
