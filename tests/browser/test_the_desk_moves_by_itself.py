"""The first page in a real browser: figures move and alerts come without a reload."""

import re
from typing import Any

from playwright.sync_api import expect

from margin.models import Alert
from tests.browser.stage import Stage
from tests.pages.frames import account, position

ACME, NORTH = account("ACME-1"), account("NORTH-1", level="danger", distance="0.0121", utilisation="0.86")

LONG = account("PALISADE-HEDGE", client_name="Palisade Hedge Partners of the North", cap_state="over")
WHOLE = """mark => mark.scrollWidth <= mark.clientWidth
    && mark.getBoundingClientRect().right <= mark.closest("th").getBoundingClientRect().right"""


def test_a_figure_changes_without_a_reload(stage: Stage, visit: Any) -> None:
    stage.run([NORTH, ACME, LONG])
    page = visit(stage.cast.vic).open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    badge = page.locator('tr[data-key="PALISADE-HEDGE"] [data-cell="cap_mark"]')
    assert badge.evaluate(WHOLE), "a long name is cut, not the badge"
    equity = page.locator('tr[data-key="ACME-1"] [data-cell="equity"]')
    expect(equity).to_have_text("52,000.00")
    page.evaluate("window.stayed = true")
    stage.run([NORTH, account("ACME-1", equity="51234.50"), LONG])
    expect(equity).to_have_text("51,234.50")
    expect(page.locator("#run-seq")).to_have_text("2")
    assert page.evaluate("window.stayed")


def test_an_alert_appears_and_is_acknowledged_without_a_reload(stage: Stage, visit: Any) -> None:
    stage.run([ACME])
    page = visit(stage.cast.rita).open()
    expect(page.locator("#rail")).to_contain_text("Nothing waits")
    expect(page.locator("#phase-word")).to_have_text("Live")
    page.evaluate("window.stayed = true")
    alert = stage.alert("ACME is above its leverage cap")
    stage.run([ACME])
    row = page.locator(f"#alert-{alert.pk}")
    expect(row).to_contain_text("ACME is above its leverage cap")
    expect(page.locator('[data-figure="critical"]')).to_have_text("1")
    expect(page.locator("#spoken")).to_contain_text("ACME is above its leverage cap")
    row.get_by_label("Note").fill("Called the client")
    row.get_by_role("button", name="Acknowledge").click()
    expect(row).to_contain_text("taken by rita")
    expect(page.locator("#rail-note")).to_have_text("acknowledged: it is yours now")
    expect(row).to_be_focused()
    expect(row).to_contain_text("Called the client")
    assert page.evaluate("window.stayed")
    assert stage.aside(Alert.objects.get, pk=alert.pk).note == "Called the client"


def test_a_viewer_cannot_acknowledge(stage: Stage, visit: Any) -> None:
    stage.run([ACME])
    stage.alert("ACME is above its leverage cap")
    page = visit(stage.cast.vic).open()
    expect(page.locator("#rail .alert")).to_have_count(1)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_the_list_is_put_in_order_of_trouble_unless_a_hand_is_in_it(stage: Stage, visit: Any) -> None:
    stage.run([NORTH, ACME])
    page = visit(stage.cast.rita).open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    keys = page.locator("#rows tr.row .c-account b")
    worse = account("ACME-1", level="danger", distance="0.0010")
    page.locator('tr[data-key="NORTH-1"]').hover()
    stage.run([worse, NORTH])
    expect(page.locator("#order-held")).to_have_text(re.compile("2 would move"))
    expect(keys).to_have_text(["NORTH-1", "ACME-1"])
    page.locator("#list-title").hover()
    expect(keys).to_have_text(["ACME-1", "NORTH-1"])


def test_the_keyboard_walks_the_list_and_opens_the_positions(stage: Stage, visit: Any) -> None:
    stage.run([NORTH, ACME], [position("ACME-1")])
    page = visit(stage.cast.rita).open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator('tr[data-key="ACME-1"]')
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Positions of ACME-1")).to_contain_text("71,200.5")
    expect(row).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    expect(row).to_be_focused()


def test_a_new_account_comes_and_a_closed_one_goes(stage: Stage, visit: Any) -> None:
    stage.run([NORTH])
    page = visit(stage.cast.rita).open()
    expect(page.locator("#phase-word")).to_have_text("Live")
    stage.run([ACME])
    expect(page.locator("#rows tr.row .c-account b")).to_have_text(["ACME-1"])
    expect(page.locator("#list-count")).to_have_text("1")


def test_the_first_run_starts_an_empty_page(stage: Stage, visit: Any) -> None:
    page = visit(stage.cast.rita).open()
    expect(page.locator("#rows")).to_contain_text("No figures yet")
    expect(page.locator("#phase-word")).to_have_text("Live")
    stage.run([ACME])
    expect(page.locator("#rows tr.row")).to_have_count(1)
    expect(page.locator("#rows")).not_to_contain_text("No figures yet")


def test_the_chart_is_drawn_under_the_policy_and_grows(stage: Stage, visit: Any) -> None:
    stage.run([ACME])
    page = visit(stage.cast.rita).open()
    expect(page.locator("#phase-word")).to_have_text("Live")  # a run before that is not told as a point
    expect(page.locator("#desk-chart .main-svg").first).to_be_visible()
    expect(page.locator("#desk-chart-text")).to_contain_text("house requirement 30,000 USD")
    points = "document.getElementById('desk-chart').data[1].y.length"
    before = page.evaluate(points)
    stage.run([account("ACME-1", equity="40000.00")])
    expect(page.locator("#run-seq")).to_have_text("2")
    page.wait_for_function(f"() => {points} > {before}")
